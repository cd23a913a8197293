import type {
	ConsoleCaseDto,
	ConsoleDatasetDto,
	ConsoleDecisionDto,
	ConsoleDeliveryDto,
	ConsoleDeviceDto,
	ConsoleHeldDto,
	ConsoleOverviewDto,
	ConsoleSignInDto,
} from "./bindings";

/** An answer, or the stable code of why there is none. */
export type Answer<Value> = { ok: true; value: Value } | { ok: false; code: string };

/** What the console asks of its store; the screens of the tests have an invented one. */
export type ConsoleStore = Pick<HttpStore, keyof HttpStore>;

/** The store that serves this page. The only module of the console that knows the transport. */
export class HttpStore {
	overview(): Promise<Answer<ConsoleOverviewDto>> {
		return ask("GET", "overview");
	}

	devices(): Promise<Answer<ConsoleDeviceDto[]>> {
		return ask("GET", "devices");
	}

	cases(): Promise<Answer<ConsoleCaseDto[]>> {
		return ask("GET", "cases");
	}

	held(): Promise<Answer<ConsoleHeldDto[]>> {
		return ask("GET", "held");
	}

	signIn(wish: ConsoleSignInDto): Promise<Answer<null>> {
		return ask("POST", "session", wish);
	}

	signOut(): Promise<Answer<null>> {
		return ask("DELETE", "session");
	}

	revoke(device: string): Promise<Answer<null>> {
		return ask("POST", `devices/${device}/revoke`);
	}

	decide(feature: string, decision: ConsoleDecisionDto): Promise<Answer<null>> {
		return ask("POST", `cases/${feature}/decide`, decision);
	}

	accept(op: string): Promise<Answer<null>> {
		return ask("POST", `held/${op}/accept`);
	}

	deliveries(): Promise<Answer<ConsoleDeliveryDto[]>> {
		return ask("GET", "deliveries");
	}

	datasets(): Promise<Answer<ConsoleDatasetDto[]>> {
		return ask("GET", "datasets");
	}

	/** Sends a file as it is, and tells how many bytes of it are sent. Code `cancelled` when the signal ended it. */
	upload(
		file: File,
		onsent: (nBytes: number) => void,
		signal: AbortSignal,
	): Promise<Answer<ConsoleDeliveryDto>> {
		return send(`deliveries?name=${encodeURIComponent(file.name)}`, file, onsent, signal);
	}

	publish(delivery: string): Promise<Answer<null>> {
		return ask("POST", `deliveries/${delivery}/publish`);
	}

	reject(delivery: string): Promise<Answer<null>> {
		return ask("POST", `deliveries/${delivery}/reject`);
	}

	undo(delivery: string): Promise<Answer<null>> {
		return ask("POST", `deliveries/${delivery}/undo`);
	}

	/** Checks a delivery again, its coordinates read as those of a system that the coordinator answers for. */
	readAs(delivery: string, epsg: number): Promise<Answer<null>> {
		return ask("POST", `deliveries/${delivery}/read-as?epsg=${epsg}`);
	}

	/** Where the flagged features lie as a map file. */
	reportUrl(delivery: string): string {
		return `${API}deliveries/${delivery}/report.gpkg`;
	}
}

const API = "/console/api/";
/** A page of another site cannot set it. */
const OURS = { "x-faltkarta-console": "1" };

async function ask<Value>(method: string, path: string, body?: unknown): Promise<Answer<Value>> {
	let response: Response;
	try {
		response = await fetch(API + path, {
			method,
			headers: { ...OURS, "content-type": "application/json" },
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
	} catch {
		return { ok: false, code: "server_unreachable" };
	}
	try {
		if (response.ok) {
			// The store serializes what the generated types say; the shape is Rust's promise.
			const value = (response.status === 204 ? null : await response.json()) as Value;
			return { ok: true, value };
		}
		const error: unknown = await response.json();
		return { ok: false, code: codeOf(error) };
	} catch {
		return { ok: false, code: "answer_damaged" };
	}
}

/** A request of our own kind, since `fetch` does not tell how much of a body is sent. */
function send<Value>(
	path: string,
	body: Blob,
	onsent: (nBytes: number) => void,
	signal: AbortSignal,
): Promise<Answer<Value>> {
	return new Promise((resolve) => {
		const request = new XMLHttpRequest();
		request.open("POST", API + path);
		for (const [name, value] of Object.entries(OURS)) request.setRequestHeader(name, value);
		request.setRequestHeader("content-type", "application/octet-stream");
		request.upload.onprogress = (event) => onsent(event.loaded);
		request.onload = () => {
			try {
				const answer: unknown = JSON.parse(request.responseText);
				const isGood = request.status >= 200 && request.status < 300;
				resolve(isGood ? { ok: true, value: answer as Value } : { ok: false, code: codeOf(answer) });
			} catch {
				resolve({ ok: false, code: request.status === 413 ? "too_large" : "answer_damaged" });
			}
		};
		request.onerror = () => resolve({ ok: false, code: "server_unreachable" });
		request.onabort = () => resolve({ ok: false, code: "cancelled" });
		signal.addEventListener("abort", () => request.abort());
		request.send(body);
	});
}

function codeOf(error: unknown): string {
	const isCoded = typeof error === "object" && error !== null && "code" in error;
	return isCoded && typeof error.code === "string" ? error.code : "internal";
}

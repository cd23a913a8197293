import type {
	ConsoleCaseDto,
	ConsoleDecisionDto,
	ConsoleDeviceDto,
	ConsoleHeldDto,
	ConsoleOverviewDto,
	ConsoleSignInDto,
} from "./bindings";

/** An answer, or the stable code of why there is none. */
export type Answer<Value> = { ok: true; value: Value } | { ok: false; code: string };

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
}

async function ask<Value>(method: string, path: string, body?: unknown): Promise<Answer<Value>> {
	let response: Response;
	try {
		response = await fetch(`/console/api/${path}`, {
			method,
			// A page of another site cannot set it.
			headers: { "x-faltkarta-console": "1", "content-type": "application/json" },
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

function codeOf(error: unknown): string {
	const isCoded = typeof error === "object" && error !== null && "code" in error;
	return isCoded && typeof error.code === "string" ? error.code : "internal";
}

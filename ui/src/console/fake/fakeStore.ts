import type { ConsoleDatasetDto, ConsoleDeliveryDto, ConsoleOverviewDto } from "../bindings";
import type { Answer, ConsoleStore } from "../httpStore";
import { demoDatasets } from "./demoDatasets";
import { demoDeliveries, received } from "./demoDeliveries";

/** How an upload goes in the invented store. */
export type UploadFate = "arrives" | "stands_still" | { code: string };

const done: Answer<null> = { ok: true, value: null };

/** An invented store for the screens and the unit tests. What is done to a delivery happens at once. */
export class FakeStore implements ConsoleStore {
	all: ConsoleDeliveryDto[] = demoDeliveries();
	uploadFate: UploadFate = "arrives";
	/** Code with which acts are refused; null lets them happen. */
	refusal: string | null = null;
	/** What was asked, in order: `publish d412`. */
	readonly asked: string[] = [];

	overview(): Promise<Answer<ConsoleOverviewDto>> {
		const value = { workspace: "bergslagen", user: "Karin Berg", headSeq: 8120, safeSeq: 8120 };
		const counts = { nDevices: 24, nHeardLastDay: 23, nDevicesToSee: 1, nConflicts: 0, nHeld: 0 };
		return answer({ ...value, ...counts });
	}

	deliveries(): Promise<Answer<ConsoleDeliveryDto[]>> {
		return answer([...this.all]);
	}

	datasets(): Promise<Answer<ConsoleDatasetDto[]>> {
		return answer(this.all.length === 0 ? [] : demoDatasets());
	}

	devices(): Promise<Answer<never[]>> {
		return answer([]);
	}

	cases(): Promise<Answer<never[]>> {
		return answer([]);
	}

	held(): Promise<Answer<never[]>> {
		return answer([]);
	}

	signIn(): Promise<Answer<null>> {
		return Promise.resolve(done);
	}

	signOut(): Promise<Answer<null>> {
		return Promise.resolve(done);
	}

	revoke(): Promise<Answer<null>> {
		return Promise.resolve(done);
	}

	decide(): Promise<Answer<null>> {
		return Promise.resolve(done);
	}

	accept(): Promise<Answer<null>> {
		return Promise.resolve(done);
	}

	async upload(
		file: File,
		onsent: (nBytes: number) => void,
		signal: AbortSignal,
	): Promise<Answer<ConsoleDeliveryDto>> {
		this.asked.push(`upload ${file.name}`);
		onsent(Math.round(file.size * 0.4));
		if (this.uploadFate === "stands_still") {
			await new Promise((resolve) => signal.addEventListener("abort", resolve));
			return { ok: false, code: "cancelled" };
		}
		await Promise.resolve();
		if (typeof this.uploadFate === "object") return { ok: false, code: this.uploadFate.code };
		onsent(file.size);
		const number = 1 + Math.max(0, ...this.all.map((it) => it.number));
		const delivery = received(number, file.name, file.size, "2026-05-19T10:56:00");
		this.all = [delivery, ...this.all];
		return { ok: true, value: delivery };
	}

	publish(id: string): Promise<Answer<null>> {
		const published = { state: "published", publishedAt: "2026-05-19T10:56:00", canUndo: true } as const;
		return this.#act(`publish ${id}`, id, published);
	}

	reject(id: string): Promise<Answer<null>> {
		return this.#act(`reject ${id}`, id, { state: "rejected" });
	}

	undo(id: string): Promise<Answer<null>> {
		return this.#act(`undo ${id}`, id, { state: "undone", canUndo: false });
	}

	readAs(id: string, epsg: number): Promise<Answer<null>> {
		return this.#act(`read ${id} as ${epsg}`, id, { state: "checking", progressPct: 0, code: "" });
	}

	reportUrl(id: string): string {
		return `/console/api/deliveries/${id}/report.gpkg`;
	}

	#act(asked: string, id: string, change: Partial<ConsoleDeliveryDto>): Promise<Answer<null>> {
		this.asked.push(asked);
		if (this.refusal !== null) return Promise.resolve({ ok: false, code: this.refusal });
		this.all = this.all.map((it) => (it.id === id ? { ...it, ...change } : it));
		return Promise.resolve(done);
	}
}

function answer<Value>(value: Value): Promise<Answer<Value>> {
	return Promise.resolve({ ok: true, value });
}

import type { ApiError, DutiesDto } from "../core/bindings";
import type { Core } from "../core/core";

/** A place that is asked about, and how it is called; empty for a bare point. */
export interface DutyPlace {
	readonly lonDeg: number;
	readonly latDeg: number;
	readonly label: string;
}

/** What the panel shows. */
export type DutiesState =
	| { readonly state: "none" }
	| { readonly state: "loading" }
	| { readonly state: "answer"; readonly answer: DutiesDto }
	| { readonly state: "failed"; readonly error: ApiError };

/** Who is responsible at a place. */
export class Duties {
	readonly #core: Core;
	#place = $state.raw<DutyPlace | null>(null);
	#shown = $state.raw<DutiesState>({ state: "none" });
	#asked = 0;

	constructor(core: Core) {
		this.#core = core;
	}

	get shown(): DutiesState {
		return this.#shown;
	}

	get place(): DutyPlace | null {
		return this.#place;
	}

	/** Asks about another place. */
	async open(place: DutyPlace): Promise<void> {
		this.#place = place;
		this.#shown = { state: "loading" };
		await this.#load(place);
	}

	/** Asks again after a failure. */
	async retry(): Promise<void> {
		if (this.#place) await this.open(this.#place);
	}

	/** Asks again for the same place, when data have changed. The old answer stays until the new is here. */
	async refresh(): Promise<void> {
		if (this.#place && this.#shown.state === "answer") await this.#load(this.#place);
	}

	/** Lets go of the answer. */
	close(): void {
		this.#asked += 1;
		this.#place = null;
		this.#shown = { state: "none" };
	}

	async #load({ lonDeg, latDeg }: DutyPlace): Promise<void> {
		const asked = ++this.#asked;
		const result = await this.#core.call("load_duties", { lonDeg, latDeg });
		if (asked !== this.#asked) return;
		this.#shown = result.ok
			? { state: "answer", answer: result.value }
			: { state: "failed", error: result.error };
	}
}

import type { ApiError, AppliesDto, AppliesRowDto } from "../core/bindings";
import type { Core } from "../core/core";

/** What is asked about: a parcel whole, or a point. */
export type Question =
	| { readonly kind: "parcel"; readonly dataset: string; readonly id: string }
	| { readonly kind: "point"; readonly lonDeg: number; readonly latDeg: number };

/** What the panel shows. */
export type AppliesState =
	| { readonly state: "none" }
	| { readonly state: "loading" }
	| { readonly state: "answer"; readonly answer: AppliesDto }
	| { readonly state: "failed"; readonly error: ApiError };

/** The zone that is chosen in the list, with its shape when that is here. */
interface Chosen {
	readonly row: AppliesRowDto;
	readonly geometryJson: string | null;
}

/** What applies at a place: four groups of answers, and the row that is chosen of them. */
export class Applies {
	readonly #core: Core;
	#question: Question | null = null;
	#shown = $state.raw<AppliesState>({ state: "none" });
	#chosen = $state.raw<Chosen | null>(null);
	#asked = 0;
	#shapeAsked = 0;

	constructor(core: Core) {
		this.#core = core;
	}

	get shown(): AppliesState {
		return this.#shown;
	}

	get answer(): AppliesDto | null {
		return this.#shown.state === "answer" ? this.#shown.answer : null;
	}

	/** Every numbered row, what concerns the place first. */
	get rows(): readonly AppliesRowDto[] {
		return this.answer ? [...this.answer.concerns, ...this.answer.near] : [];
	}

	get chosen(): AppliesRowDto | null {
		return this.#chosen?.row ?? null;
	}

	/** The chosen zone's shape as GeoJSON; null while none is chosen or its shape is not here. */
	get outlineJson(): string | null {
		return this.#chosen?.geometryJson ?? null;
	}

	/** Asks about something else. */
	async open(question: Question): Promise<void> {
		this.#question = question;
		this.choose(null);
		this.#shown = { state: "loading" };
		await this.#load(question);
	}

	/** Asks again after a failure. */
	async retry(): Promise<void> {
		if (this.#question) await this.open(this.#question);
	}

	/** Asks again for the same place, when data have changed. The old answer stays until the new is here. */
	async refresh(): Promise<void> {
		if (!this.#question || this.#shown.state !== "answer") return;
		await this.#load(this.#question);
	}

	/** Lets go of the answer. */
	close(): void {
		this.#asked += 1;
		this.#question = null;
		this.#shown = { state: "none" };
		this.choose(null);
	}

	/** Chooses the row with a number, or none. The row is returned when there is one. */
	choose(number: number | null): AppliesRowDto | null {
		const row = this.rows.find((one) => one.number === number) ?? null;
		this.#chosen = row ? { row, geometryJson: null } : null;
		const asked = ++this.#shapeAsked;
		if (row) void this.#loadShape(row, asked);
		return row;
	}

	async #load(question: Question): Promise<void> {
		const asked = ++this.#asked;
		const result = await this.#core.call(
			"load_applies",
			question.kind === "parcel"
				? { dataset: question.dataset, feature: question.id, lonDeg: null, latDeg: null }
				: { dataset: "", feature: "", lonDeg: question.lonDeg, latDeg: question.latDeg },
		);
		if (asked !== this.#asked) return;
		this.#shown = result.ok
			? { state: "answer", answer: result.value }
			: { state: "failed", error: result.error };
		const chosen = this.#chosen?.row;
		const again = this.rows.find((row) => row.dataset === chosen?.dataset && row.id === chosen.id);
		if (chosen) this.choose(again?.number ?? null);
	}

	/** The outline is the feature's own shape: map tiles carry no ids. */
	async #loadShape(row: AppliesRowDto, asked: number): Promise<void> {
		const result = await this.#core.call("load_card", { dataset: row.dataset, id: row.id });
		if (asked !== this.#shapeAsked || !result.ok) return;
		this.#chosen = { row, geometryJson: result.value.geometryJson };
	}
}

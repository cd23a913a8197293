import type { ApiError, SelectedRowDto, SelectFeaturesInput, SelectionDto } from "../core/bindings";
import type { Core } from "../core/core";

/** What is shown of a selection. */
export type ShownSelection =
	| { readonly state: "none" }
	| { readonly state: "loading" }
	| { readonly state: "answer"; readonly answer: SelectionDto }
	| { readonly state: "failed"; readonly error: ApiError };

/** How many of the rows carry a number on the map. */
export const N_NUMBERED = 20;

/** What lies in an area or along a line. */
export class Selection {
	readonly #core: Core;
	#shown: ShownSelection = $state.raw({ state: "none" });
	#turn = 0;

	constructor(core: Core) {
		this.#core = core;
	}

	get shown(): ShownSelection {
		return this.#shown;
	}

	get answer(): SelectionDto | null {
		return this.#shown.state === "answer" ? this.#shown.answer : null;
	}

	/** The rows that carry a number on the map. */
	get numbered(): readonly SelectedRowDto[] {
		return this.answer?.rows.slice(0, N_NUMBERED) ?? [];
	}

	/** Asks what lies there. */
	async open(input: SelectFeaturesInput): Promise<SelectionDto | null> {
		const turn = ++this.#turn;
		this.#shown = { state: "loading" };
		const result = await this.#core.call("select_features", input);
		if (turn !== this.#turn) return null;
		this.#shown = result.ok
			? { state: "answer", answer: result.value }
			: { state: "failed", error: result.error };
		return this.answer;
	}

	/** Lets go of the answer. */
	close(): void {
		this.#turn += 1;
		this.#shown = { state: "none" };
	}
}

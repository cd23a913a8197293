import type { ApiError, ConflictSummaryDto } from "../core/bindings";
import type { Core } from "../core/core";

/** Open disagreements, and which of them wait for this person. */
export class Conflicts {
	readonly #core: Core;
	#all = $state.raw<readonly ConflictSummaryDto[]>([]);
	#failure = $state.raw<ApiError | null>(null);

	constructor(core: Core) {
		this.#core = core;
	}

	get all(): readonly ConflictSummaryDto[] {
		return this.#all;
	}

	get failure(): ApiError | null {
		return this.#failure;
	}

	/** Those that this person is asked to decide. */
	get toDecide(): readonly ConflictSummaryDto[] {
		return this.#all.filter((conflict) => conflict.isMine && !conflict.isDeferred);
	}

	/** Those that somebody else decides; they can be looked at and decided here too. */
	get elsewhere(): readonly ConflictSummaryDto[] {
		return this.#all.filter((conflict) => !conflict.isMine || conflict.isDeferred);
	}

	/** The list that a conflict is paged in, and its place there. */
	placeOf(feature: string): { readonly index: number; readonly count: number } {
		const list = this.#listOf(feature);
		return { index: list.findIndex((conflict) => conflict.feature === feature), count: list.length };
	}

	/** The conflict that comes before or after another, round the list; null when it is the only one. */
	beside(feature: string, by: 1 | -1): ConflictSummaryDto | null {
		const list = this.#listOf(feature);
		const index = list.findIndex((conflict) => conflict.feature === feature);
		if (index < 0 || list.length < 2) return null;
		return list[(index + by + list.length) % list.length] ?? null;
	}

	/** Asks the core. */
	async refresh(): Promise<void> {
		const result = await this.#core.call("list_conflicts", {});
		this.#failure = result.ok ? null : result.error;
		if (result.ok) this.#all = result.value;
	}

	#listOf(feature: string): readonly ConflictSummaryDto[] {
		const isIn = (list: readonly ConflictSummaryDto[]) => list.some((one) => one.feature === feature);
		return isIn(this.toDecide) ? this.toDecide : this.elsewhere;
	}
}

import type { ApiError, IdentifiedDto } from "../core/bindings";
import type { Core } from "../core/core";

/** The list's state. */
export type InViewState =
	| { readonly state: "far" }
	| { readonly state: "loading" }
	| { readonly state: "list"; readonly features: readonly IdentifiedDto[]; readonly reachM: number }
	| { readonly state: "failed"; readonly error: ApiError };

/** The farthest that the list reaches from the middle, so that it stays a list. */
const REACH_MAX_M = 300;
/** Below this zoom there would be too much to list. */
export const LEAST_ZOOM = 15;
const PAGE = 50;

/** The text twin of the map: what lies in view, nearest first. */
export class InView {
	readonly #core: Core;
	#shown = $state.raw<InViewState>({ state: "loading" });
	#nShown = $state(PAGE);
	#asked = 0;

	constructor(core: Core) {
		this.#core = core;
	}

	get shown(): InViewState {
		return this.#shown;
	}

	/** The rows of the pages that are open. */
	get rows(): readonly IdentifiedDto[] {
		return this.#shown.state === "list" ? this.#shown.features.slice(0, this.#nShown) : [];
	}

	get hasMore(): boolean {
		return this.#shown.state === "list" && this.#shown.features.length > this.#nShown;
	}

	/** Opens the next fifty. */
	more(): void {
		this.#nShown += PAGE;
	}

	/** Asks what lies around the middle of the map. */
	async refresh(
		view: { readonly lonDeg: number; readonly latDeg: number; readonly zoom: number },
		reachM: number,
		datasets: readonly string[],
	): Promise<void> {
		const asked = ++this.#asked;
		this.#nShown = PAGE;
		if (view.zoom < LEAST_ZOOM) {
			this.#shown = { state: "far" };
			return;
		}
		const radiusM = Math.min(REACH_MAX_M, reachM);
		const result = await this.#core.call("identify_features", {
			lonDeg: view.lonDeg,
			latDeg: view.latDeg,
			radiusM,
			datasets: [...datasets],
		});
		if (asked !== this.#asked) return;
		this.#shown = result.ok
			? {
					state: "list",
					features: [...result.value.features].sort((a, b) => a.distanceM - b.distanceM),
					reachM: radiusM,
				}
			: { state: "failed", error: result.error };
	}
}

import type { ApiError, CardDto, IdentifiedDto, PointDto } from "../core/bindings";
import type { Core } from "../core/core";

/** Which feature a card is about. */
export interface FeatureRef {
	readonly dataset: string;
	readonly id: string;
}

/** What the card panel shows. */
export type CardState =
	| { readonly state: "none" }
	| { readonly state: "loading"; readonly feature: FeatureRef }
	| { readonly state: "card"; readonly card: CardDto }
	| { readonly state: "place"; readonly at: PointDto; readonly label: string }
	| { readonly state: "failed"; readonly feature: FeatureRef; readonly error: ApiError };

/** The selected thing: a feature with its card, or a bare place. One at a time. */
export class Cards {
	readonly #core: Core;
	#shown = $state.raw<CardState>({ state: "none" });
	#preview = $state.raw<CardDto | null>(null);
	#here = $state.raw<readonly IdentifiedDto[]>([]);
	#hereIndex = $state(0);
	#asked = 0;
	#previewAsked = 0;

	constructor(core: Core) {
		this.#core = core;
	}

	/** What is kept, or what is only looked at while the arrows walk the hits. */
	get shown(): CardState {
		return this.#preview ? { state: "card", card: this.#preview } : this.#shown;
	}

	get selected(): CardState {
		return this.#shown;
	}

	get previewed(): CardDto | null {
		return this.#preview;
	}

	/** Everything that lies at the spot that was pressed, topmost first. */
	get here(): readonly IdentifiedDto[] {
		return this.#here;
	}

	get hereIndex(): number {
		return this.#hereIndex;
	}

	/** Selects a feature and loads its card. */
	async open(feature: FeatureRef): Promise<void> {
		this.#preview = null;
		this.#here = [];
		this.#hereIndex = 0;
		await this.#load(feature);
	}

	/** Selects the first of what lies at a spot. */
	async openHere(features: readonly IdentifiedDto[]): Promise<void> {
		this.#preview = null;
		this.#here = features;
		this.#hereIndex = 0;
		const first = features[0];
		if (first) await this.#load(first);
	}

	/** Takes the next or previous at the same spot. */
	async cycle(by: 1 | -1): Promise<void> {
		const count = this.#here.length;
		if (count < 2) return;
		this.#hereIndex = (this.#hereIndex + by + count) % count;
		const feature = this.#here[this.#hereIndex];
		if (feature) await this.#load(feature);
	}

	/** Shows a bare place. */
	openPlace(at: PointDto, label: string): void {
		this.#asked += 1;
		this.#preview = null;
		this.#here = [];
		this.#shown = { state: "place", at, label };
	}

	/** Shows a card without keeping it; null gives back what was kept. */
	async preview(feature: FeatureRef | null): Promise<void> {
		const asked = ++this.#previewAsked;
		if (!feature) {
			this.#preview = null;
			return;
		}
		const result = await this.#core.call("load_card", { dataset: feature.dataset, id: feature.id });
		if (asked !== this.#previewAsked) return;
		this.#preview = result.ok ? result.value : null;
	}

	/** Asks again for the same card, after a change. The old one stays until the new is here. */
	async refresh(): Promise<void> {
		if (this.#shown.state !== "card") return;
		const { dataset, id } = this.#shown.card;
		const asked = ++this.#asked;
		const result = await this.#core.call("load_card", { dataset, id });
		if (asked !== this.#asked) return;
		this.#shown = result.ok
			? { state: "card", card: result.value }
			: { state: "failed", feature: { dataset, id }, error: result.error };
	}

	/** Lets go of the selection. */
	close(): void {
		this.#asked += 1;
		this.#previewAsked += 1;
		this.#preview = null;
		this.#here = [];
		this.#shown = { state: "none" };
	}

	async #load(feature: FeatureRef): Promise<void> {
		const asked = ++this.#asked;
		this.#shown = { state: "loading", feature };
		const result = await this.#core.call("load_card", { dataset: feature.dataset, id: feature.id });
		if (asked !== this.#asked) return;
		this.#shown = result.ok
			? { state: "card", card: result.value }
			: { state: "failed", feature, error: result.error };
	}
}

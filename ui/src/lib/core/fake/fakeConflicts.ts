import type {
	ConflictCardDto,
	ConflictSummaryDto,
	DecisionDto,
	DeferConflictInput,
	ResolveConflictInput,
} from "../bindings";
import { Refusal } from "./refusal";

/** The disagreements of the invented laptop. */
export class FakeConflicts {
	#cards: ConflictCardDto[];
	readonly #deferred = new Set<string>();
	/** What was decided so far, by feature, for tests. */
	readonly decided = new Map<string, readonly DecisionDto[]>();

	constructor(cards: readonly ConflictCardDto[]) {
		this.#cards = [...cards];
	}

	get summaries(): ConflictSummaryDto[] {
		return this.#cards.map((card) => ({
			dataset: card.dataset,
			feature: card.feature,
			title: card.title,
			kind: card.kind,
			fields: card.rows.flatMap((row) => row.fields.map((clash) => clash.title)),
			at: card.candidateBy.at,
			isMine: card.isMine,
			isDeferred: this.#deferred.has(card.feature),
			isExpected: false,
			position: card.position,
		}));
	}

	get nToDecide(): number {
		return this.summaries.filter((one) => one.isMine && !one.isDeferred).length;
	}

	load(feature: string): ConflictCardDto | Refusal {
		return this.#find(feature) ?? new Refusal({ code: "conflict_not_found" });
	}

	resolve({ feature, decisions }: ResolveConflictInput): ConflictCardDto | Refusal {
		const card = this.#find(feature);
		if (!card) return new Refusal({ code: "conflict_not_found" });
		this.decided.set(feature, decisions);
		this.#cards = this.#cards.filter((one) => one !== card);
		return card;
	}

	defer({ feature }: DeferConflictInput): Record<string, never> | Refusal {
		if (!this.#find(feature)) return new Refusal({ code: "conflict_not_found" });
		this.#deferred.add(feature);
		return {};
	}

	/** Somebody changes the store's value of a field while the card is looked at. */
	move(feature: string, field: string, text: string, at: string): void {
		this.#cards = this.#cards.map((card) =>
			card.feature !== feature
				? card
				: {
						...card,
						storeBy: { user: "VA drift", device: "VA-bil 1", at },
						rows: card.rows.map((row) => ({
							...row,
							fields: row.fields.map((clash) =>
								clash.field === field
									? { ...clash, store: { ...clash.store, raw: text, text: { sv: text, en: text } } }
									: clash,
							),
						})),
					},
		);
	}

	#find(feature: string): ConflictCardDto | undefined {
		return this.#cards.find((card) => card.feature === feature);
	}
}

import type {
	ApiError,
	ChangesDto,
	ConflictCardDto,
	ConflictRowDto,
	DecisionDto,
	WrittenValueDto,
} from "../core/bindings";
import type { Core, Result } from "../core/core";
import { m } from "../words/generated/messages.js";
import { checkTyped, typedOf, type Typed } from "./written";

/** What shall hold for one conflict. */
export type Take = "theirs" | "mine" | "values";

/** What the panel shows of one feature's conflicts. */
export type DecisionState =
	| { readonly state: "loading" }
	| { readonly state: "card"; readonly card: ConflictCardDto }
	/** Somebody has decided it in the meantime. */
	| { readonly state: "gone" }
	| { readonly state: "failed"; readonly error: ApiError };

interface Choice {
	readonly take: Take | null;
	/** What is typed, by field; kept when another choice is looked at. */
	readonly typed: Readonly<Record<string, Typed>>;
}

/** One person's decision about the conflicts of one feature. Nothing of it is saved before `save`. */
export class Decision {
	readonly feature: string;
	readonly #core: Core;
	#shown = $state.raw<DecisionState>({ state: "loading" });
	#choices = $state.raw<Readonly<Record<string, Choice>>>({});
	/** When the store's value changed under the person's eyes, RFC 3339; empty when nobody knows the time. */
	#movedAt = $state<string | null>(null);
	#failure = $state.raw<ApiError | null>(null);
	#isSaving = $state(false);
	#showsProblems = $state(false);
	note = $state("");

	constructor(core: Core, feature: string) {
		this.#core = core;
		this.feature = feature;
	}

	get shown(): DecisionState {
		return this.#shown;
	}

	get card(): ConflictCardDto | null {
		return this.#shown.state === "card" ? this.#shown.card : null;
	}

	get movedAt(): string | null {
		return this.#movedAt;
	}

	get failure(): ApiError | null {
		return this.#failure;
	}

	get isSaving(): boolean {
		return this.#isSaving;
	}

	/** What is chosen for a row. */
	taken(row: ConflictRowDto): Take | null {
		return this.#choices[row.conflict]?.take ?? null;
	}

	/** What is typed for a field of a row. */
	typed(row: ConflictRowDto, field: string): Typed {
		return this.#choices[row.conflict]?.typed[field] ?? null;
	}

	/** What is wrong with what is typed, once the person has tried to save it. */
	problem(row: ConflictRowDto, field: string): string | null {
		return this.#showsProblems ? this.#problem(row, field) : null;
	}

	/** What is missing for a row as a whole, once the person has tried to save. */
	rowProblem(row: ConflictRowDto): string | null {
		return this.#showsProblems && this.taken(row) === null ? m.conflict_needs_choice() : null;
	}

	/** Chooses what shall hold for a row. */
	choose(row: ConflictRowDto, take: Take): void {
		const known = this.#choices[row.conflict];
		const typed = known?.typed ?? {};
		this.#choices = { ...this.#choices, [row.conflict]: { take, typed: { ...begun(row), ...typed } } };
	}

	/** Writes a value of the person's own for a field; that is then what is chosen. */
	write(row: ConflictRowDto, field: string, typed: Typed): void {
		const known = this.#choices[row.conflict]?.typed ?? begun(row);
		this.#choices = {
			...this.#choices,
			[row.conflict]: { take: "values", typed: { ...known, [field]: typed } },
		};
	}

	/** Loads the card and chooses what the person made. */
	async load(): Promise<void> {
		this.#take(await this.#core.call("load_conflict", { feature: this.feature }));
	}

	/** Asks again after a change elsewhere: a value that moved is told before anything is decided. */
	async refresh(): Promise<void> {
		if (this.#isBusy() || this.#shown.state !== "card") return;
		const before = this.#shown.card;
		const result = await this.#core.call("load_conflict", { feature: this.feature });
		// A save that began meanwhile knows more than this answer.
		if (this.#isBusy()) return;
		if (result.ok && isSameQuestion(before, result.value)) return;
		this.#take(result);
		if (result.ok) this.#movedAt = result.value.storeBy?.at ?? "";
	}

	/** Saves the decision; the list of changes as it is then, or null when it was not saved. */
	async save(): Promise<ChangesDto | null> {
		const card = this.card;
		if (!card || this.#isSaving) return null;
		const decisions = this.#decisions(card);
		if (!decisions) {
			this.#showsProblems = true;
			return null;
		}
		this.#isSaving = true;
		this.#failure = null;
		const note = this.note.trim();
		const result = await this.#core.call("resolve_conflict", {
			dataset: card.dataset,
			feature: this.feature,
			decisions,
			note: note === "" ? null : note,
		});
		this.#isSaving = false;
		if (result.ok) return result.value;
		if (result.error.code === "conflict_moved") {
			await this.load();
			this.#movedAt = this.#storeAt();
		} else if (result.error.code === "conflict_not_found") this.#shown = { state: "gone" };
		else this.#failure = result.error;
		return null;
	}

	/** Leaves it to the coordinator; whether that was noted. */
	async defer(): Promise<boolean> {
		const result = await this.#core.call("defer_conflict", { feature: this.feature });
		if (!result.ok) this.#failure = result.error;
		return result.ok;
	}

	#storeAt(): string {
		return this.card?.storeBy?.at ?? "";
	}

	#isBusy(): boolean {
		return this.#isSaving;
	}

	#take(result: Result<ConflictCardDto, ApiError>): void {
		if (!result.ok) {
			this.#shown =
				result.error.code === "conflict_not_found"
					? { state: "gone" }
					: { state: "failed", error: result.error };
			return;
		}
		const card = result.value;
		this.#shown = { state: "card", card };
		this.#showsProblems = false;
		this.#choices = Object.fromEntries(
			card.rows.map((row) => [row.conflict, { take: firstTake(card, row), typed: begun(row) }]),
		);
	}

	#problem(row: ConflictRowDto, field: string): string | null {
		const clash = row.fields.find((one) => one.field === field);
		if (!clash || this.taken(row) !== "values") return null;
		const checked = checkTyped(clash, this.typed(row, field));
		return checked.ok ? null : checked.problem;
	}

	/** One decision for each row, or null when something is missing or wrong. */
	#decisions(card: ConflictCardDto): DecisionDto[] | null {
		const decisions: DecisionDto[] = [];
		for (const row of card.rows) {
			const take = this.taken(row);
			if (take === null) return null;
			const values: WrittenValueDto[] = [];
			if (take === "values") {
				for (const clash of row.fields) {
					const checked = checkTyped(clash, this.typed(row, clash.field));
					if (!checked.ok) return null;
					values.push({ field: clash.field, raw: checked.raw });
				}
			}
			decisions.push({ conflict: row.conflict, take, values });
		}
		return decisions;
	}
}

/** What the person on site made is chosen; what is not theirs, nobody chooses for them. */
function firstTake(card: ConflictCardDto, row: ConflictRowDto): Take | null {
	if (!card.isMine) return null;
	// The same number on two objects is not decided by keeping it: that has to be said.
	return row.kind === "duplicate_key" ? null : "mine";
}

function begun(row: ConflictRowDto): Record<string, Typed> {
	return Object.fromEntries(row.fields.map((clash) => [clash.field, typedOf(clash.candidate)]));
}

/** Whether two cards ask the same: the same conflicts with the same values in the store. */
function isSameQuestion(a: ConflictCardDto, b: ConflictCardDto): boolean {
	const question = (card: ConflictCardDto) =>
		JSON.stringify(card.rows.map((row) => [row.conflict, row.fields.map((clash) => clash.store)]));
	return question(a) === question(b);
}

import type { ApiError, ChangeDto, ChangesDto, WrittenFileDto } from "../core/bindings";
import type { Core } from "../core/core";

/** Groups in the order of the list. */
export const changeGroups = ["attention", "saved_here", "received", "secured"] as const;
export type ChangeGroup = (typeof changeGroups)[number];

/** A row with the number that it has in the list and on the map. */
export interface NumberedChange {
	readonly number: number;
	readonly change: ChangeDto;
	readonly group: ChangeGroup;
}

/** The group of a state. What nobody has said yet needs a person. */
export function groupOf(state: string): ChangeGroup {
	switch (state) {
		case "saved_here":
		case "received":
		case "secured":
			return state;
		case "parked":
			// It waits for its parent and goes by itself.
			return "saved_here";
		default:
			return "attention";
	}
}

/** Rows by group, numbered through the whole list. */
export function numberChanges(rows: readonly ChangeDto[]): NumberedChange[] {
	const numbered: NumberedChange[] = [];
	for (const group of changeGroups) {
		for (const change of rows) {
			if (groupOf(change.state) === group) numbered.push({ number: numbered.length + 1, change, group });
		}
	}
	return numbered;
}

/** How many secured rows show before *Visa alla*. */
const SECURED_SHOWN = 3;

/** Own work and how safe it is. */
export class Changes {
	readonly #core: Core;
	#answer = $state.raw<ChangesDto | null>(null);
	#failure = $state.raw<ApiError | null>(null);
	#copy = $state.raw<WrittenFileDto | null>(null);
	#copyFailure = $state.raw<ApiError | null>(null);
	#isSaving = $state(false);
	showsAllSecured = $state(false);

	constructor(core: Core) {
		this.#core = core;
	}

	get answer(): ChangesDto | null {
		return this.#answer;
	}

	get failure(): ApiError | null {
		return this.#failure;
	}

	get copy(): WrittenFileDto | null {
		return this.#copy;
	}

	get copyFailure(): ApiError | null {
		return this.#copyFailure;
	}

	get isSaving(): boolean {
		return this.#isSaving;
	}

	/** Every row, numbered. */
	get numbered(): NumberedChange[] {
		return numberChanges(this.#answer?.rows ?? []);
	}

	/** The rows of a group that are shown now. */
	rowsOf(group: ChangeGroup): NumberedChange[] {
		const rows = this.numbered.filter((row) => row.group === group);
		return group === "secured" && !this.showsAllSecured ? rows.slice(0, SECURED_SHOWN) : rows;
	}

	/** How many rows of secured work are folded away. */
	get nSecuredFolded(): number {
		const count = this.numbered.filter((row) => row.group === "secured").length;
		return Math.max(0, count - SECURED_SHOWN);
	}

	/** Photos that are only here. */
	get nPhotosHere(): number {
		return (this.#answer?.nPhotosTaken ?? 0) - (this.#answer?.nPhotosReceived ?? 0);
	}

	/** Asks the core. */
	async refresh(): Promise<void> {
		const result = await this.#core.call("list_changes", {});
		if (result.ok) {
			this.#answer = result.value;
			this.#failure = null;
		} else this.#failure = result.error;
	}

	/** Takes a list that came with another answer. */
	take(answer: ChangesDto): void {
		this.#answer = answer;
	}

	/** Writes the emergency copy. */
	async saveCopy(): Promise<void> {
		if (this.#isSaving) return;
		this.#isSaving = true;
		const result = await this.#core.call("save_outbox", {});
		this.#isSaving = false;
		this.#copy = result.ok ? result.value : null;
		this.#copyFailure = result.ok ? null : result.error;
	}
}

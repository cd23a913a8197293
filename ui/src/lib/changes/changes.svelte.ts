import type { Conflicts } from "../conflict/conflicts.svelte";
import type {
	ApiError,
	ChangeDto,
	ChangesDto,
	ConflictSummaryDto,
	PointDto,
	WrittenFileDto,
} from "../core/bindings";
import type { Core } from "../core/core";

/** Groups in the order of the list. */
export const changeGroups = [
	"attention",
	"saved_here",
	"waiting",
	"elsewhere",
	"received",
	"secured",
] as const;
export type ChangeGroup = (typeof changeGroups)[number];

/** A piece of own work, or a disagreement about one object. */
export type Listed =
	| { readonly kind: "change"; readonly change: ChangeDto }
	| { readonly kind: "conflict"; readonly conflict: ConflictSummaryDto };

/** A row with the number that it has in the list and on the map. */
export interface NumberedChange {
	readonly number: number;
	readonly group: ChangeGroup;
	readonly listed: Listed;
	/** What keeps it apart from other rows. */
	readonly key: string;
	readonly position: PointDto | null;
}

/** The group of a state. What nobody has said yet needs a person. */
export function groupOf(state: string): ChangeGroup {
	switch (state) {
		case "saved_here":
		case "received":
		case "secured":
			return state;
		case "parked":
		case "quarantined":
			// It waits for its parent, or for the coordinator: nothing is asked of this person.
			return "waiting";
		default:
			return "attention";
	}
}

/** Rows by group, numbered through the whole list. An edit in conflict is shown by its object's conflict. */
export function numberChanges(
	rows: readonly ChangeDto[],
	conflicts: Pick<Conflicts, "all" | "toDecide" | "elsewhere">,
): NumberedChange[] {
	const disputed = new Set(conflicts.all.map((conflict) => conflict.feature));
	const listed = (group: ChangeGroup): Listed[] => {
		const asked =
			group === "attention" ? conflicts.toDecide : group === "elsewhere" ? conflicts.elsewhere : [];
		return [
			...asked.map((conflict) => ({ kind: "conflict", conflict }) as const),
			...rows
				.filter((change) => groupOf(change.state) === group)
				.filter((change) => change.state !== "conflict" || !disputed.has(change.feature))
				.map((change) => ({ kind: "change", change }) as const),
		];
	};
	return changeGroups
		.flatMap((group) => listed(group).map((one) => [group, one] as const))
		.map(([group, one], index) => ({
			number: index + 1,
			group,
			listed: one,
			key: one.kind === "conflict" ? `conflict ${one.conflict.feature}` : one.change.id,
			position: one.kind === "conflict" ? one.conflict.position : one.change.position,
		}));
}

/** How many secured rows show before *Visa alla*. */
const SECURED_SHOWN = 3;

/** Own work and how safe it is. */
export class Changes {
	readonly #core: Core;
	readonly #conflicts: Conflicts;
	#answer = $state.raw<ChangesDto | null>(null);
	#failure = $state.raw<ApiError | null>(null);
	#copy = $state.raw<WrittenFileDto | null>(null);
	#copyFailure = $state.raw<ApiError | null>(null);
	#isSaving = $state(false);
	showsAllSecured = $state(false);

	constructor(core: Core, conflicts: Conflicts) {
		this.#core = core;
		this.#conflicts = conflicts;
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
		return numberChanges(this.#answer?.rows ?? [], this.#conflicts);
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
		await Promise.all([this.#conflicts.refresh(), this.#refresh()]);
	}

	async #refresh(): Promise<void> {
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

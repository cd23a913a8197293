import { factText } from "../card/factText";
import type {
	AuthorDto,
	ClashDto,
	ClashValueDto,
	ConflictCardDto,
	ConflictRowDto,
	ConflictSummaryDto,
	MoveDto,
	ShapeDto,
	TitleDto,
} from "../core/bindings";
import { areaText, lengthText, momentText, numberText, titleText, withUnit } from "../words/format";
import { m } from "../words/generated/messages.js";

/** The three sides of a disagreement. */
export const sides = ["base", "store", "candidate"] as const;
export type Side = (typeof sides)[number];

/** What a side is called, and the letter it has on the map. */
export function sideText(side: Side, isMine: boolean): { readonly name: string; readonly letter: string } {
	switch (side) {
		case "base":
			return { name: m.conflict_base(), letter: m.conflict_letter_base() };
		case "store":
			return isMine
				? { name: m.conflict_theirs(), letter: m.conflict_letter_theirs() }
				: { name: m.conflict_store(), letter: m.conflict_letter_store() };
		case "candidate":
			return isMine
				? { name: m.conflict_mine(), letter: m.conflict_letter_mine() }
				: { name: m.conflict_proposed(), letter: m.conflict_letter_proposed() };
	}
}

/** Who made a side and when. */
export function sideAuthor(card: ConflictCardDto, side: Side, now: Date): string {
	switch (side) {
		case "base":
			return card.isMine ? m.conflict_base_seen() : m.conflict_base_before();
		case "store":
			return card.storeBy === null ? m.conflict_delivery() : authorText(card.storeBy, now);
		case "candidate":
			return card.isMine
				? `${m.conflict_you()} · ${momentText(card.candidateBy.at, now)}`
				: authorText(card.candidateBy, now);
	}
}

function authorText(author: AuthorDto, now: Date): string {
	return `${author.user === "" ? author.device : author.user} · ${momentText(author.at, now)}`;
}

/** What a disputed field is called; a place is called by its shape. */
export function clashTitle(clash: ClashDto): string {
	const shape = clash.candidate.shape ?? clash.store.shape ?? clash.base.shape;
	if (clash.valueType !== "geometry" || !shape) return titleText(clash.title) || m.conflict_place();
	return shapeTitle(shape);
}

function shapeTitle(shape: ShapeDto): string {
	if (shape.areaM2 !== null) return m.conflict_extent();
	return shape.lengthM === null ? m.conflict_place() : m.conflict_course();
}

/** A value in words. A place is told by how far it was moved, else by its size. */
export function valueText(
	clash: {
		readonly field: string;
		readonly title: TitleDto;
		readonly valueType: string;
		readonly unit: string;
	},
	value: ClashValueDto,
): string {
	if (value.shape) return shapeText(value.shape);
	if (value.raw === null) return m.conflict_no_value();
	return factText({ ...clash, value: value.text, raw: value.raw, ownEdit: "" });
}

function shapeText(shape: ShapeDto): string {
	if (shape.moved) return moveText(shape.moved);
	if (shape.areaM2 !== null) return areaText(shape.areaM2);
	if (shape.lengthM !== null) return lengthText(shape.lengthM);
	if (shape.accuracyM !== null) return accuracyText(shape.accuracyM);
	const { gridNM, gridEM } = shape.position;
	return `N\u00a0${numberText(gridNM)} E\u00a0${numberText(gridEM)}`;
}

/** A move in words: `8,1 m åt NV`; of a line or an area, how far it is from what it was at most. */
export function moveText(move: MoveDto): string {
	const directions: Readonly<Record<string, () => string>> = {
		n: m.conflict_direction_n,
		ne: m.conflict_direction_ne,
		e: m.conflict_direction_e,
		se: m.conflict_direction_se,
		s: m.conflict_direction_s,
		sw: m.conflict_direction_sw,
		w: m.conflict_direction_w,
		nw: m.conflict_direction_nw,
	};
	const direction = directions[move.direction];
	// Under a centimetre nobody has moved anything.
	if (move.distanceM < 0.01) return m.conflict_not_moved();
	const decimals = move.distanceM < 1 ? 2 : move.distanceM < 100 ? 1 : 0;
	const distance = withUnit(move.distanceM, "m", decimals);
	return direction
		? m.conflict_moved_by({ distance, direction: direction() })
		: m.conflict_farthest({ distance });
}

/** The second line of a value: how good a place is, or where it lies. */
export function valueDetail(value: ClashValueDto): string {
	if (!value.shape) return "";
	if (value.shape.accuracyM !== null && value.shape.moved) return accuracyText(value.shape.accuracyM);
	if (value.shape.moved && value.shape.areaM2 !== null) return areaText(value.shape.areaM2);
	if (value.shape.moved && value.shape.lengthM !== null) return lengthText(value.shape.lengthM);
	return "";
}

/** `± 0,3 m`. */
export function accuracyText(accuracyM: number): string {
	const decimals = accuracyM < 0.1 ? 2 : accuracyM < 1 || !Number.isInteger(accuracyM) ? 1 : 0;
	return `±\u00a0${numberText(accuracyM, decimals)}\u00a0m`;
}

/** What a row of the list says: which fields, and what about them. */
export function summaryText(conflict: ConflictSummaryDto): string {
	const fields = listed(conflict.fields.map((title) => titleText(title) || m.conflict_place()));
	switch (conflict.kind) {
		case "edited_vs_deleted":
			return m.conflict_row_edited();
		case "deleted_vs_edited":
			return m.conflict_row_deleted();
		case "parent_deleted":
			return m.conflict_row_parent();
		case "duplicate_key":
			return m.conflict_row_number({ fields });
		case "id_clash":
			return m.conflict_row_id();
		case "group":
			return m.conflict_row_group({ fields });
		default:
			return m.conflict_two_values({ fields });
	}
}

/** `Läge, status och datum`: only the first word begins with a capital. */
function listed(words: readonly string[]): string {
	const unique = [...new Set(words)].map((word, index) => (index === 0 ? word : lowered(word)));
	if (unique.length < 2) return unique.join("");
	return `${unique.slice(0, -1).join(", ")} ${m.conflict_and()} ${unique.at(-1) ?? ""}`;
}

function lowered(word: string): string {
	return word.charAt(0).toLocaleLowerCase("sv") + word.slice(1);
}

/** The conflicts of a card by how they are decided: on the object as a whole, about a number, field by field. */
export function rowsBy(card: ConflictCardDto): {
	readonly whole: readonly ConflictRowDto[];
	readonly number: readonly ConflictRowDto[];
	readonly fields: readonly ConflictRowDto[];
} {
	const isField = (row: ConflictRowDto) => row.kind === "field";
	const isNumber = (row: ConflictRowDto) => row.kind === "duplicate_key";
	return {
		whole: card.rows.filter((row) => !isField(row) && !isNumber(row)),
		number: card.rows.filter(isNumber),
		fields: card.rows.filter(isField),
	};
}

/** Which sides have something to show in a disagreement about an object as a whole. */
export function wholeColumns(kind: string): readonly Side[] {
	switch (kind) {
		case "edited_vs_deleted":
			return ["base", "candidate"];
		case "deleted_vs_edited":
			return ["base", "store"];
		case "id_clash":
			return ["store", "candidate"];
		case "parent_deleted":
			return [];
		default:
			return sides;
	}
}

/** The two things that can become of an object as a whole: as the store has it, or as the edit wants it. */
export function wholeChoices(
	card: ConflictCardDto,
	kind: string,
): readonly { readonly take: "mine" | "theirs"; readonly text: string }[] {
	const mine = (text: string) => ({ take: "mine", text }) as const;
	const theirs = (text: string) => ({ take: "theirs", text }) as const;
	switch (kind) {
		case "edited_vs_deleted":
			return [
				mine(card.isMine ? m.conflict_keep_mine() : m.conflict_keep_proposed()),
				theirs(m.conflict_remove()),
			];
		case "deleted_vs_edited":
			return [
				theirs(card.isMine ? m.conflict_keep_theirs() : m.conflict_keep_proposed()),
				mine(m.conflict_remove()),
			];
		case "parent_deleted":
			return [mine(m.conflict_restore_parent()), theirs(m.conflict_leave())];
		default:
			return card.isMine
				? [theirs(m.conflict_take_theirs()), mine(m.conflict_take_mine())]
				: [theirs(m.conflict_take_store()), mine(m.conflict_take_proposed())];
	}
}

/** What has happened, and that nothing is lost. */
export function noteText(card: ConflictCardDto): { readonly fact: string; readonly more: string } {
	const who = nameOf(card.storeBy);
	const other = nameOf(card.candidateBy);
	switch (card.kind) {
		case "edited_vs_deleted":
			return {
				fact: card.isMine ? m.conflict_edited({ who }) : m.conflict_edited_others({ who, other }),
				more: card.isMine ? m.conflict_edited_more() : m.conflict_edited_more_others(),
			};
		case "deleted_vs_edited":
			return {
				fact: card.isMine ? m.conflict_deleted({ who }) : m.conflict_deleted_others({ who, other }),
				more: m.conflict_deleted_more(),
			};
		case "parent_deleted":
			return { fact: m.conflict_parent(), more: m.conflict_parent_more() };
		case "id_clash":
			return { fact: m.conflict_id_clash(), more: m.conflict_number_more() };
		case "duplicate_key": {
			const clash = card.rows[0]?.fields[0];
			return {
				fact: clash
					? m.conflict_number({ field: clashTitle(clash), value: valueText(clash, clash.candidate) })
					: m.conflict_number({ field: "", value: "" }),
				more: m.conflict_number_more(),
			};
		}
		case "group":
			return { fact: m.conflict_group(), more: m.conflict_group_more() };
		default:
			return { fact: sameText(card), more: m.conflict_same_more() };
	}
}

function sameText(card: ConflictCardDto): string {
	return card.isMine
		? m.conflict_same()
		: m.conflict_same_others({ first: nameOf(card.storeBy), second: nameOf(card.candidateBy) });
}

function nameOf(author: AuthorDto | null): string {
	if (author === null) return m.conflict_someone();
	return author.user === "" ? author.device : author.user;
}

/** What fitted by itself, in one breath: `antal varv 18, betäckning frilagd`. */
export function mergedText(card: ConflictCardDto): string {
	return card.merged
		.map(
			(field) => `${lowered(titleText(field.title) || m.conflict_place())} ${valueText(field, field.value)}`,
		)
		.join(", ");
}

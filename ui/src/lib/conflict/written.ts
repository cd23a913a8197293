import type { ClashDto, ClashValueDto, PointDto } from "../core/bindings";
import { m } from "../words/generated/messages.js";

/** What a person has typed for one field, before it is checked. */
export type Typed = string | null;

/** What the typed text is worth: the value as the core takes it, or what is wrong with it. */
export type Checked =
	{ readonly ok: true; readonly raw: string | null } | { readonly ok: false; readonly problem: string };

/** Checks what was typed for a field by the kind of its values. An empty text is no value, except for a place. */
export function checkTyped(clash: Pick<ClashDto, "valueType" | "codes">, typed: Typed): Checked {
	const text = (typed ?? "").trim();
	if (clash.valueType === "geometry") return checkPlace(text);
	if (text === "") return { ok: true, raw: null };
	switch (clash.valueType) {
		case "int": {
			const plain = text.replace(/[\s\u00a0]/g, "");
			return /^[-+]?\d{1,18}$/.test(plain) ? good(plain) : bad(m.conflict_needs_whole());
		}
		case "real": {
			const plain = text.replace(/[\s\u00a0]/g, "").replace(",", ".");
			return /^[-+]?\d+(\.\d+)?$/.test(plain) ? good(plain) : bad(m.conflict_needs_number());
		}
		case "bool":
			return text === "true" || text === "false" ? good(text) : bad(m.conflict_needs_choice());
		case "date":
			return isDay(text) ? good(text) : bad(m.conflict_needs_date());
		case "date_time": {
			const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d):(\d\d)(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?$/.exec(
				text,
			);
			if (!found || !isDay(found[1] ?? "") || Number(found[2]) > 23 || Number(found[3]) > 59)
				return bad(m.conflict_needs_date_time());
			// A moment without a zone is one of this computer's own clock.
			return good(text.includes("T") ? text : new Date(text.replace(" ", "T")).toISOString());
		}
		default:
			return good(text);
	}
}

/** The text that an editor begins with: the value as it is stored, a place as northing and easting. */
export function typedOf(value: ClashValueDto): Typed {
	return value.shape ? placeText(value.shape.position) : value.raw;
}

/** Northing and easting of a point on the grid, in whole decimetres: finer is never read off a screen. */
export function placeText(point: PointDto): string {
	return `${point.gridNM.toFixed(1)} ${point.gridEM.toFixed(1)}`;
}

/** The two parts of a typed place. */
export function placeParts(typed: Typed): readonly [north: string, east: string] {
	const [north = "", east = ""] = (typed ?? "").split(" ");
	return [north, east];
}

function checkPlace(text: string): Checked {
	const parts = text.replaceAll(",", ".").split(" ");
	const [north, east] = parts.map(Number);
	const isPlace =
		parts.length === 2 &&
		north !== undefined &&
		east !== undefined &&
		parts.every((part) => /^\d+(\.\d+)?$/.test(part)) &&
		north >= 5_500_000 &&
		north <= 8_500_000 &&
		east <= 1_500_000;
	return isPlace ? good(`${north} ${east}`) : bad(m.conflict_needs_place());
}

function isDay(text: string): boolean {
	if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
	const day = new Date(`${text}T00:00:00Z`);
	// A 31st of June rolls over to July.
	return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function good(raw: string): Checked {
	return { ok: true, raw };
}

function bad(problem: string): Checked {
	return { ok: false, problem };
}

import type { HitDto } from "../core/bindings";
import { distanceText } from "../words/format";
import { m } from "../words/generated/messages.js";

/** What a kind of hit is called. */
export function kindText(kind: string): string {
	switch (kind) {
		case "address":
			return m.kind_address();
		case "parcel":
			return m.kind_parcel();
		case "place":
			return m.kind_place();
		case "case":
			return m.kind_case();
		case "coordinate":
			return m.kind_coordinate();
		default:
			return m.kind_asset();
	}
}

/** The first line. */
export function hitTitle(hit: HitDto): string {
	return hit.kind === "coordinate" ? `${m.search_point()} ${hit.label}` : hit.label;
}

/** The second line: kind, detail and always the municipality, since names repeat. */
export function hitDetail(hit: HitDto): string {
	if (hit.kind === "coordinate") {
		const read = hit.note === "other_system" ? m.search_other_system({ system: hit.system }) : hit.system;
		return hit.isOutside ? `${read} · ${m.search_outside()}` : read;
	}
	const where = [hit.detail, hit.detail.includes(hit.municipality) ? "" : hit.municipality].filter(
		(part) => part !== "",
	);
	return [kindText(hit.kind), where.join(", ")].filter((part) => part !== "").join(" · ");
}

/** How far away, at the right. */
export function hitDistance(hit: HitDto): string {
	return hit.distanceM === null ? "" : distanceText(hit.distanceM);
}

import { Conflicts } from "../conflict/conflicts.svelte";
import { accuracyText, sides, sideText, type Side } from "../conflict/conflictText";
import { Decision } from "../conflict/decision.svelte";
import type { ChangesDto, ClashDto, ConflictSummaryDto, PointDto, ShapeDto } from "../core/bindings";
import type { Core } from "../core/core";
import type { Compared } from "../map/compared";
import type { FieldMap } from "../map/fieldMap";

/** How near the map goes to what is compared. */
const COMPARE_ZOOM = 18.4;
/** Room for a letter and what stands beside it. */
const MARK_PX = 48;
/** How near it goes to one of the three. */
const SIDE_ZOOM = 19;

/** The disagreement that is being decided, and how it shows on the map. */
export class Deciding {
	readonly #core: Core;
	readonly #map: () => FieldMap | null;
	readonly conflicts: Conflicts;
	#decision = $state.raw<Decision | null>(null);
	#title = $state("");

	constructor(core: Core, map: () => FieldMap | null) {
		this.#core = core;
		this.#map = map;
		this.conflicts = new Conflicts(core);
	}

	get decision(): Decision | null {
		return this.#decision;
	}

	/** How the object is called, also before its card is here. */
	get title(): string {
		return this.#decision?.card?.title ?? this.#title;
	}

	get place(): { readonly index: number; readonly count: number } {
		return this.#decision ? this.conflicts.placeOf(this.#decision.feature) : { index: 0, count: 0 };
	}

	/** What the map holds beside each other now. */
	get compared(): Compared[] {
		const card = this.#decision?.card;
		if (!card) return [];
		const clash = this.#shapes;
		if (clash)
			return sides.flatMap((side) => {
				const shape = clash[side].shape;
				return shape ? [comparedOf(side, shape, card.isMine)] : [];
			});
		if (!card.position) return [];
		const pin = (side: "candidate" | "other", point: PointDto, letter: string) => ({
			side,
			letter,
			label: letter === "" ? card.title : "",
			geometryJson: JSON.stringify({ type: "Point", coordinates: [point.lonDeg, point.latDeg] }),
			lonDeg: point.lonDeg,
			latDeg: point.latDeg,
			accuracyM: null,
		});
		if (!card.other?.position) return [pin("candidate", card.position, "")];
		return [pin("candidate", card.position, "1"), pin("other", card.other.position, "2")];
	}

	/** Opens a conflict and brings it into view. */
	async open(conflict: Pick<ConflictSummaryDto, "feature" | "title">): Promise<void> {
		const decision = new Decision(this.#core, conflict.feature);
		this.#decision = decision;
		this.#title = conflict.title;
		await decision.load();
		// Another may have been opened while this one was on its way.
		if (this.#decision === decision) this.#showAll();
	}

	/** Leaves what is being decided as it is. */
	close(): void {
		this.#decision = null;
	}

	/** Asks again, when the core says that something has changed. */
	async refresh(): Promise<void> {
		await this.#decision?.refresh();
	}

	/** Brings one of the three into view. */
	zoomTo(side: Side): void {
		const shape = this.#shapes?.[side].shape;
		if (shape) this.#map()?.show(shape.position, { minZoom: SIDE_ZOOM });
	}

	/** Brings the other object with the same number into view. */
	zoomToOther(): void {
		const position = this.#decision?.card?.other?.position;
		if (position) this.#map()?.show(position, { minZoom: SIDE_ZOOM });
	}

	/** The side that a letter stands for; null for another letter. */
	sideOf(letter: string): Side | null {
		const card = this.#decision?.card;
		if (!card || !this.#shapes) return null;
		const isIt = (side: Side) => sideText(side, card.isMine).letter.toLocaleLowerCase("sv") === letter;
		return sides.find(isIt) ?? null;
	}

	/** Saves the decision; the list of changes as it is then, or null when it was not saved. */
	async save(): Promise<ChangesDto | null> {
		return (await this.#decision?.save()) ?? null;
	}

	/** The field whose shapes are compared. */
	get #shapes(): ClashDto | null {
		const fields = this.#decision?.card?.rows.flatMap((row) => row.fields) ?? [];
		return fields.find((clash) => clash.valueType === "geometry") ?? null;
	}

	#showAll(): void {
		const card = this.#decision?.card;
		if (card?.bounds) this.#map()?.show({ bounds: card.bounds }, { maxZoom: COMPARE_ZOOM, roomPx: MARK_PX });
		else if (card?.position) this.#map()?.show(card.position, { minZoom: 17 });
	}
}

function comparedOf(side: Side, shape: ShapeDto, isMine: boolean): Compared {
	const { name, letter } = sideText(side, isMine);
	return {
		side,
		letter,
		label: shape.accuracyM === null ? name : `${name} ${accuracyText(shape.accuracyM)}`,
		geometryJson: shape.geometryJson,
		lonDeg: shape.position.lonDeg,
		latDeg: shape.position.latDeg,
		accuracyM: shape.accuracyM,
	};
}

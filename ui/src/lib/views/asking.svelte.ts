import { tick } from "svelte";
import { Applies, type Question } from "../applies/applies.svelte";
import type { AppliesDto, BoundsDto, PointDto } from "../core/bindings";
import type { Core } from "../core/core";
import { Duties, type DutyPlace } from "../duties/duties.svelte";
import type { FieldMap } from "../map/fieldMap";
import type { Mark } from "../map/marks";
import type { ZoneChoice } from "../map/zoneRules";

/** How near the map goes to a parcel: what lies around it is part of the answer. */
const PARCEL_ZOOM = 17;
/** How near it goes to a point. */
const POINT_ZOOM = 16;
/** Numbers farther away than this are not brought into view: the subject would become too small. */
const MARK_REACH_M = 250;
const METRES_PER_DEGREE = 111_320;

/** The questions about a place, and how their answers show on the map. */
export class Asking {
	readonly #map: () => FieldMap | null;
	readonly applies: Applies;
	readonly duties: Duties;

	constructor(core: Core, map: () => FieldMap | null) {
		this.#map = map;
		this.applies = new Applies(core);
		this.duties = new Duties(core);
	}

	/** Numbers of the zones, as the list has them. */
	get marks(): Mark[] {
		const chosen = this.applies.chosen?.number;
		return this.applies.rows.map(({ number, mark }) => ({
			number,
			state: number === chosen ? "chosen" : "hit",
			lonDeg: mark.lonDeg,
			latDeg: mark.latDeg,
		}));
	}

	/** Which zones come before others on the map: the hits in their order, and alone the one that is chosen. */
	get zones(): ZoneChoice {
		return {
			first: [...new Set(this.applies.rows.map((row) => row.dataset))],
			chosen: this.applies.chosen?.dataset ?? null,
		};
	}

	/** What is drawn: the person's choice, and every hit while the answer is open. */
	drawnWith(shown: ReadonlySet<string>): ReadonlySet<string> {
		return new Set([...shown, ...this.applies.rows.map((row) => row.dataset)]);
	}

	/** Asks what applies, and shows the answer on the map. */
	async openApplies(question: Question): Promise<AppliesDto | null> {
		this.duties.close();
		if (question.kind === "point") this.#point(question);
		await this.applies.open(question);
		const { answer } = this.applies;
		// The panel's new width is the map's business too, and stands first after the next drawing.
		await tick();
		if (answer && answer === this.applies.answer)
			this.#map()?.fit(
				boundsWith(answer, marksNear(answer)),
				answer.feature === "" ? POINT_ZOOM : PARCEL_ZOOM,
			);
		return answer;
	}

	/** Asks who is responsible. */
	async openDuties(place: DutyPlace): Promise<void> {
		this.applies.close();
		await this.duties.open(place);
	}

	/** Points out a place on the map. */
	pointOut(place: { readonly lonDeg: number; readonly latDeg: number }): void {
		this.#point(place);
		this.#map()?.reveal(place);
	}

	/** Chooses a numbered zone and brings its number into view; false when there is no such number. */
	choose(number: number | null): boolean {
		const row = this.applies.choose(number);
		const map = this.#map();
		const { answer } = this.applies;
		// Together with the place: how the zone lies to it is the answer.
		if (row && answer && map && !map.isInView(row.mark)) map.fit(boundsWith(answer, [row.mark]), PARCEL_ZOOM);
		return row !== null;
	}

	/** Asks again, when the core says that something has changed. */
	async refresh(): Promise<void> {
		await Promise.all([this.applies.refresh(), this.duties.refresh()]);
	}

	close(): void {
		this.applies.close();
		this.duties.close();
	}

	#point({ lonDeg, latDeg }: { readonly lonDeg: number; readonly latDeg: number }): void {
		this.#map()?.select(JSON.stringify({ type: "Point", coordinates: [lonDeg, latDeg] }));
	}
}

/** The numbers that stand near the place. */
export function marksNear({ at, concerns, near }: AppliesDto): PointDto[] {
	const perLon = METRES_PER_DEGREE * Math.cos((at.latDeg * Math.PI) / 180);
	return [...concerns, ...near]
		.map((row) => row.mark)
		.filter(
			(mark) =>
				Math.hypot((mark.lonDeg - at.lonDeg) * perLon, (mark.latDeg - at.latDeg) * METRES_PER_DEGREE) <=
				MARK_REACH_M,
		);
}

/** The rectangle around the place and some numbers. */
export function boundsWith(answer: AppliesDto, marks: readonly PointDto[]): BoundsDto {
	const { bounds } = answer;
	return {
		westDeg: Math.min(bounds.westDeg, ...marks.map((mark) => mark.lonDeg)),
		eastDeg: Math.max(bounds.eastDeg, ...marks.map((mark) => mark.lonDeg)),
		southDeg: Math.min(bounds.southDeg, ...marks.map((mark) => mark.latDeg)),
		northDeg: Math.max(bounds.northDeg, ...marks.map((mark) => mark.latDeg)),
	};
}

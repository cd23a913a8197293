import type { MeasureNoteDto, PointDto } from "../core/bindings";
import type { Core } from "../core/core";
import type { Layers } from "../layers/layers.svelte";
import { nothingDrawn, type Drawn } from "../map/drawing";
import type { FieldMap, Spot } from "../map/fieldMap";
import { metresPerPixel } from "../map/lngLat";
import type { Mark } from "../map/marks";
import { Measure, type Pointed } from "../measure/measure.svelte";
import type { Tool } from "../measure/measureText";
import { MeasureNotes } from "../measure/notes";
import { Selection } from "../select/selection.svelte";
import type { Settings } from "../settings/settings.svelte";

/** A place cannot be surer than the map that it is pointed at in. */
const MAP_ACCURACY_M = 0.1;
/** Beyond this reach the map is too far away for a place to be held to one feature. */
const SNAP_M_MAX = 40;
/** How far around a line or a point is looked at first. */
const REACH_M = 10;
export const REACH_M_MAX = 2000;

/** Measuring on the map, and selecting by what was measured. */
export class Measuring {
	readonly #core: Core;
	readonly #map: () => FieldMap | null;
	readonly #layers: Layers;
	readonly measure: Measure;
	readonly notes: MeasureNotes;
	readonly selection: Selection;
	#isOpen = $state(false);
	#reachM = $state(REACH_M);
	#tagPx: { readonly x: number; readonly y: number } | null = $state.raw(null);

	constructor(
		core: Core,
		{ map, layers, settings }: { map: () => FieldMap | null; layers: Layers; settings: Settings },
		now: () => Date = () => new Date(),
	) {
		this.#core = core;
		this.#map = map;
		this.#layers = layers;
		this.measure = new Measure(core, () => [...layers.shown]);
		this.notes = new MeasureNotes(settings, now);
		this.selection = new Selection(core);
	}

	/** Whether presses on the map are places of a measure. */
	get isOpen(): boolean {
		return this.#isOpen;
	}

	/** How far around a line or a point is looked, in metres. */
	get reachM(): number {
		return this.#reachM;
	}

	/** Where the figure stands over the map. */
	get tagPx(): { readonly x: number; readonly y: number } | null {
		// What was selected has numbers of its own there.
		return this.#isOpen && !this.selection.answer ? this.#tagPx : null;
	}

	/** What the map draws. */
	get drawn(): Drawn {
		const { answer, placed, tool } = this.measure;
		if (!this.#isOpen || !answer) return nothingDrawn;
		return {
			places: answer.places.map(({ at, heldBy }, index) => ({
				lonDeg: at.lonDeg,
				latDeg: at.latDeg,
				isHeld: heldBy !== "",
				isLive: index >= placed.length,
			})),
			isArea: tool === "area",
			isWrong: answer.state === "crosses",
			nearest: answer.nearest,
			areaJson: this.selection.answer?.areaJson ?? null,
		};
	}

	/** The shapes of what was selected. */
	get foundJson(): string | null {
		return this.#isOpen ? (this.selection.answer?.shapesJson ?? null) : null;
	}

	/** Numbers of what was selected, as the list has them. */
	get marks(): Mark[] {
		return this.selection.numbered.flatMap(({ number, mark }) =>
			mark ? [{ number, state: "hit" as const, lonDeg: mark.lonDeg, latDeg: mark.latDeg }] : [],
		);
	}

	/** Whether there is a figure to select by. */
	get canSelect(): boolean {
		const { placed, tool, answer } = this.measure;
		if (tool === "buffer") return placed.length > 0;
		return tool === "area" && placed.length > 2 && answer?.state === "area";
	}

	/** Takes the map's presses, and goes on where it was left. */
	open(): void {
		this.#isOpen = true;
		this.#map()?.setPointing(true);
		this.#place();
	}

	/** Gives the map's presses back; what was begun waits. */
	pause(): void {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		this.#map()?.setPointing(false);
	}

	/** Leaves for good: the measure is kept as a note for the day. */
	async leave(): Promise<void> {
		this.pause();
		// What the pointer added is not measured.
		await this.measure.finish();
		this.keep();
		this.measure.clear();
		this.selection.close();
		this.#tagPx = null;
	}

	/** Keeps what was measured as a note, when it is a figure. */
	keep(): void {
		const { answer, placed, tool } = this.measure;
		const isWhole = answer !== null && !this.measure.hasLive;
		const value = tool === "buffer" ? this.#reachM : (answer?.value ?? null);
		if (!isWhole || value === null || placed.length === 0) return;
		this.notes.keep({
			kind: tool,
			value,
			accuracyM: answer.accuracyM,
			label: answer.source?.label ?? "",
			places: placed.map(({ at }) => ({ lonDeg: at.lonDeg, latDeg: at.latDeg })),
		});
	}

	/** Takes another tool; what was measured with the one before is kept. */
	async choose(tool: Tool): Promise<void> {
		await this.measure.finish();
		this.keep();
		this.selection.close();
		this.measure.choose(tool);
		this.#tagPx = null;
	}

	/** Puts a place down. */
	async add(spot: Spot): Promise<void> {
		if (this.measure.isFinished) {
			this.keep();
			this.selection.close();
		}
		await this.measure.add(this.#pointed(spot));
		this.#place();
	}

	/** Puts a place down by its coordinates, exactly there; false when the text names none. */
	async addTyped(text: string): Promise<boolean> {
		const near = this.#map()?.view;
		const result = await this.#core.call("find_places", {
			text,
			nearLonDeg: near?.lonDeg ?? 15,
			nearLatDeg: near?.latDeg ?? 59.6,
		});
		const found = result.ok ? result.value.hits.find((hit) => hit.kind === "coordinate") : undefined;
		if (!found?.position) return false;
		const { lonDeg, latDeg } = found.position;
		await this.measure.add({ lonDeg, latDeg, snapM: 0, accuracyM: MAP_ACCURACY_M });
		this.#map()?.reveal(found.position);
		this.#place();
		return true;
	}

	/** Follows the pointer, or the crosshair. */
	async follow(spot: Spot | null): Promise<void> {
		if (!this.#isOpen) return;
		// Without a place that was put down there is nothing to draw a line from; what would hold it is shown all the same.
		await this.measure.follow(spot ? this.#pointed(spot) : null);
		this.#place();
	}

	/** Takes the last place away. */
	async removeLast(): Promise<void> {
		this.selection.close();
		await this.measure.removeLast();
		this.#place();
	}

	/** Ends the measure. */
	async finish(): Promise<void> {
		await this.measure.finish();
		this.#place();
	}

	/** Changes how far around is looked. */
	setReach(metres: number): void {
		this.#reachM = metres;
		this.selection.close();
	}

	/** Asks what lies in the area or around the line. */
	async select(): Promise<void> {
		if (!this.canSelect) return;
		await this.finish();
		const { placed, tool } = this.measure;
		const answer = await this.selection.open({
			shape: tool === "area" ? "area" : "corridor",
			points: placed.map(({ at }) => ({ lonDeg: at.lonDeg, latDeg: at.latDeg })),
			reachM: tool === "area" ? 0 : this.#reachM,
			datasets: this.#selectable(),
			filters: this.#layers.chosenFilters,
		});
		if (answer) this.#map()?.fit(answer.bounds, 18);
	}

	/** Brings the places of a note into view. */
	show(note: MeasureNoteDto): void {
		const [first] = note.places;
		if (!first) return;
		const lons = note.places.map((place) => place.lonDeg);
		const lats = note.places.map((place) => place.latDeg);
		if (note.places.length === 1) this.#map()?.show(first);
		else
			this.#map()?.show({
				bounds: {
					westDeg: Math.min(...lons),
					eastDeg: Math.max(...lons),
					southDeg: Math.min(...lats),
					northDeg: Math.max(...lats),
				},
			});
	}

	/** The map was moved: the figure moves along. */
	moveTag(): void {
		if (this.#isOpen) this.#place();
	}

	/** Features that can be listed: what is shown and is not only drawn as the ground. */
	#selectable(): string[] {
		const { shown } = this.#layers;
		return this.#layers.datasets
			.filter(({ id, packaging }) => shown.has(id) && packaging !== "base_map")
			.map(({ id }) => id);
	}

	#pointed({ lonDeg, latDeg, radiusM, isFree }: Spot): Pointed {
		const view = this.#map()?.view;
		const pixelM = view ? metresPerPixel(view.zoom, view.latDeg) : 0;
		const isHeld = !isFree && radiusM <= SNAP_M_MAX;
		return {
			lonDeg,
			latDeg,
			snapM: isHeld ? radiusM : 0,
			accuracyM: Math.max(MAP_ACCURACY_M, pixelM),
		};
	}

	#place(): void {
		const last: PointDto | undefined = this.measure.answer?.places.at(-1)?.at;
		this.#tagPx = last ? (this.#map()?.pixelOf(last) ?? null) : null;
	}
}

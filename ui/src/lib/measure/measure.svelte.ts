import type { ApiError, MeasureDto, MeasuredPlaceDto, PointedDto } from "../core/bindings";
import type { Core } from "../core/core";
import type { Tool } from "./measureText";

/** Where somebody points. */
export interface Pointed {
	readonly lonDeg: number;
	readonly latDeg: number;
	/** Within how many metres it may be held to a feature; 0 for exactly there. */
	readonly snapM: number;
	/** How sure it is when nothing holds it. */
	readonly accuracyM: number;
}

/** One measure while it is made. The places and the figures are the core's; this keeps the order of asking. */
export class Measure {
	readonly #core: Core;
	readonly #shown: () => readonly string[];
	#tool = $state<Tool>("length");
	#placed: readonly MeasuredPlaceDto[] = $state.raw([]);
	#answer: MeasureDto | null = $state.raw(null);
	#live: Pointed | null = null;
	#isFinished = $state(false);
	#failure: ApiError | null = $state.raw(null);
	#turn = 0;
	#isAsking = false;
	#nWanted = 0;
	#work: Promise<void> = Promise.resolve();

	constructor(core: Core, shown: () => readonly string[]) {
		this.#core = core;
		this.#shown = shown;
	}

	get tool(): Tool {
		return this.#tool;
	}

	/** The places that were put down. */
	get placed(): readonly MeasuredPlaceDto[] {
		return this.#placed;
	}

	/** The latest answer; with the pointer's place as the last one while the measure goes on. */
	get answer(): MeasureDto | null {
		return this.#answer;
	}

	get isFinished(): boolean {
		return this.#isFinished;
	}

	get failure(): ApiError | null {
		return this.#failure;
	}

	/** Whether the last place of the answer is where the pointer is. */
	get hasLive(): boolean {
		return (this.#answer?.places.length ?? 0) > this.#placed.length;
	}

	/** Whether one place is all that the tool needs. */
	get isOfOne(): boolean {
		return this.#tool === "boundary" || this.#tool === "height";
	}

	/** Takes another tool and begins anew; what was measured is put away before by the caller. */
	choose(tool: Tool): void {
		this.#tool = tool;
		this.clear();
	}

	/** Begins anew. */
	clear(): void {
		this.#turn += 1;
		this.#placed = [];
		this.#answer = null;
		this.#live = null;
		this.#isFinished = false;
		this.#failure = null;
	}

	/** Puts a place down. After the end of one measure it begins the next. */
	add(pointed: Pointed): Promise<void> {
		this.#work = this.#work.then(() => this.#add(pointed));
		return this.#work;
	}

	/** Follows the pointer; only the newest place is asked about. */
	async follow(pointed: Pointed | null): Promise<void> {
		if (this.#isFinished) return;
		this.#live = pointed;
		this.#nWanted += 1;
		if (this.#isAsking) return;
		this.#isAsking = true;
		for (let nDone = 0; nDone !== this.#nWanted;) {
			nDone = this.#nWanted;
			await this.#refresh();
		}
		this.#isAsking = false;
	}

	/** Takes the last place away. After the end it opens the measure again. */
	removeLast(): Promise<void> {
		this.#work = this.#work.then(async () => {
			this.#isFinished = false;
			this.#placed = this.#placed.slice(0, -1);
			this.#live = null;
			await this.#refresh();
		});
		return this.#work;
	}

	/** Ends the measure with the places that were put down. */
	finish(): Promise<void> {
		this.#work = this.#work.then(async () => {
			if (this.#placed.length === 0) return;
			this.#isFinished = true;
			this.#live = null;
			await this.#refresh();
		});
		return this.#work;
	}

	async #add(pointed: Pointed): Promise<void> {
		if (this.#isFinished || (this.isOfOne && this.#placed.length > 0)) {
			this.#placed = [];
			this.#isFinished = false;
		}
		const turn = ++this.#turn;
		const answer = await this.#ask([...this.#placed.map(kept), pointed]);
		if (!answer || turn !== this.#turn) return;
		// Two presses at one place are one place.
		const last = answer.places.at(-1);
		const before = this.#placed.at(-1);
		if (last && !(before && isSamePlace(last, before))) this.#placed = [...this.#placed, last];
		this.#live = null;
		this.#answer = answer;
		if (this.isOfOne) this.#isFinished = true;
	}

	async #refresh(): Promise<void> {
		const turn = ++this.#turn;
		const live = this.#live;
		if (!live && this.#placed.length === 0) {
			this.#answer = null;
			return;
		}
		const answer = await this.#ask([...this.#placed.map(kept), ...(live ? [live] : [])]);
		if (answer && turn === this.#turn) this.#answer = answer;
	}

	async #ask(points: PointedDto[]): Promise<MeasureDto | null> {
		const kind = this.#tool === "buffer" ? "length" : this.#tool;
		const result = await this.#core.call("measure_places", { kind, points, datasets: [...this.#shown()] });
		this.#failure = result.ok ? null : result.error;
		return result.ok ? result.value : null;
	}
}

/** A place that was answered before stays where it is, and as sure as it was. */
function kept(place: MeasuredPlaceDto): PointedDto {
	return { lonDeg: place.at.lonDeg, latDeg: place.at.latDeg, snapM: 0, accuracyM: place.accuracyM };
}

function isSamePlace(a: MeasuredPlaceDto, b: MeasuredPlaceDto): boolean {
	return Math.hypot(a.at.gridEM - b.at.gridEM, a.at.gridNM - b.at.gridNM) < 0.001;
}

import type { MeasureNoteDto } from "../core/bindings";
import type { Settings } from "../settings/settings.svelte";
import { dateText } from "../words/format";

/** Most measures that a day keeps; the oldest goes first. */
const NOTES_MAX = 50;

/** The measures of the day, kept with the laptop's settings. Those of yesterday are gone. */
export class MeasureNotes {
	readonly #settings: Settings;
	readonly #now: () => Date;

	constructor(settings: Settings, now: () => Date) {
		this.#settings = settings;
		this.#now = now;
	}

	/** Today's, newest first. */
	get list(): readonly MeasureNoteDto[] {
		const today = this.#today();
		return this.#settings.values.measures.filter((note) => note.day === today);
	}

	/** Keeps one more. */
	keep(note: Omit<MeasureNoteDto, "id" | "day">): void {
		const day = this.#today();
		const before = this.list;
		const id = String(1 + Math.max(0, ...before.map((one) => Number(one.id))));
		this.#settings.change({ measures: [{ ...note, id, day }, ...before].slice(0, NOTES_MAX) });
	}

	/** Takes one away, and gives back what brings it back. */
	remove(id: string): () => void {
		const before = this.list;
		this.#settings.change({ measures: before.filter((note) => note.id !== id) });
		return () => this.#settings.change({ measures: [...before] });
	}

	#today(): string {
		return dateText(this.#now().toISOString());
	}
}

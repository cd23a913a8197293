import type { ApiError, HitDto } from "../core/bindings";
import type { Core } from "../core/core";

/** What the box shows under itself. */
export type SearchState =
	| { readonly state: "closed" }
	| { readonly state: "recent"; readonly hits: readonly HitDto[] }
	| { readonly state: "hits"; readonly hits: readonly HitDto[]; readonly text: string }
	| { readonly state: "none"; readonly text: string; readonly suggestion: string | null }
	| { readonly state: "failed"; readonly error: ApiError };

/** Where the map looks, so that near hits come first. */
export type Middle = () => { readonly lonDeg: number; readonly latDeg: number };

/** The one search box. Previews with the arrows; a late answer never replaces a newer one. */
export class Search {
	readonly #core: Core;
	readonly #middle: Middle;
	#text = $state("");
	#shown = $state.raw<SearchState>({ state: "closed" });
	#chosen = $state(-1);
	#asked = 0;
	/** The question under way; Enter waits for it, so that a fast hand does not keep a hit of an older text. */
	#pending: Promise<readonly HitDto[]> = Promise.resolve([]);

	constructor(core: Core, middle: Middle) {
		this.#core = core;
		this.#middle = middle;
	}

	get text(): string {
		return this.#text;
	}

	get shown(): SearchState {
		return this.#shown;
	}

	/** Number of the previewed row, or -1. */
	get chosen(): number {
		return this.#chosen;
	}

	get hits(): readonly HitDto[] {
		return this.#shown.state === "hits" || this.#shown.state === "recent" ? this.#shown.hits : [];
	}

	/** The hit that is previewed now. */
	get previewed(): HitDto | null {
		return this.hits[this.#chosen] ?? null;
	}

	get isOpen(): boolean {
		return this.#shown.state !== "closed";
	}

	/** Opens the list: recent places for an empty box, else the hits again. */
	async open(): Promise<void> {
		if (this.isOpen) return;
		await this.write(this.#text);
	}

	/** Takes what is typed and asks. */
	async write(text: string): Promise<void> {
		this.#pending = this.#ask(text);
		await this.#pending;
	}

	/** Shows the answer unless something newer was asked or the list was closed; answers the hits in any case. */
	async #ask(text: string): Promise<readonly HitDto[]> {
		this.#text = text;
		this.#chosen = -1;
		const asked = ++this.#asked;
		if (text.trim() === "") {
			const recent = await this.#core.call("list_recent_places", {});
			const hits = recent.ok ? recent.value.slice(0, 8) : [];
			if (asked === this.#asked) this.#shown = { state: "recent", hits };
			return hits;
		}
		const middle = this.#middle();
		const answer = await this.#core.call("find_places", {
			text,
			nearLonDeg: middle.lonDeg,
			nearLatDeg: middle.latDeg,
		});
		if (!answer.ok) {
			if (asked === this.#asked) this.#shown = { state: "failed", error: answer.error };
			return [];
		}
		const hits = answer.value.hits.slice(0, 10);
		if (asked === this.#asked) {
			this.#shown =
				hits.length > 0
					? { state: "hits", hits, text }
					: { state: "none", text, suggestion: answer.value.suggestion };
		}
		return hits;
	}

	/** Moves the preview up or down; above the first row nothing is previewed. */
	step(by: 1 | -1): void {
		const count = this.hits.length;
		if (count === 0) return;
		const next = this.#chosen + by;
		this.#chosen = next < -1 ? count - 1 : next >= count ? -1 : next;
	}

	/** Previews a row that is pointed at. */
	point(index: number): void {
		this.#chosen = index;
	}

	/** Keeps a hit: that one, or the previewed one, or the first for what is typed now. Remembers and answers it. */
	async keep(wanted: HitDto | null = null): Promise<HitDto | null> {
		// What is previewed is taken before waiting: the box may close meanwhile.
		const hit = wanted ?? this.previewed ?? (await this.#pending)[0] ?? null;
		if (!hit) return null;
		this.#asked += 1;
		this.#text = hit.label;
		this.#shown = { state: "closed" };
		this.#chosen = -1;
		await this.#core.call("remember_place", { hit });
		return hit;
	}

	/** Closes the list and leaves what is typed. */
	close(): void {
		this.#asked += 1;
		this.#shown = { state: "closed" };
		this.#chosen = -1;
	}

	/** Empties the box. */
	clear(): void {
		this.#text = "";
		void this.write("");
	}
}

/** A label cut into matched and other parts. `matched` holds start and length in UTF-16 units, in pairs. */
export function matchedParts(
	label: string,
	matched: readonly number[],
): { text: string; isMatch: boolean }[] {
	const parts: { text: string; isMatch: boolean }[] = [];
	let end = 0;
	for (let pair = 0; pair + 1 < matched.length; pair += 2) {
		const start = matched[pair] ?? 0;
		const length = matched[pair + 1] ?? 0;
		if (start < end || length <= 0 || start >= label.length) continue;
		if (start > end) parts.push({ text: label.slice(end, start), isMatch: false });
		parts.push({ text: label.slice(start, start + length), isMatch: true });
		end = Math.min(label.length, start + length);
	}
	if (end < label.length) parts.push({ text: label.slice(end), isMatch: false });
	return parts;
}

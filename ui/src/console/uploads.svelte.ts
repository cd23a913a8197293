import type { ConsoleDeliveryDto } from "./bindings";
import type { ConsoleStore } from "./httpStore";

/** The largest file that the store takes. */
export const MAX_UPLOAD_BYTES = 5_000_000_000;

/** A part of a Shapefile, which says nothing by itself. */
const LOOSE_PART = /\.(shp|shx|dbf|prj|cpg|qix|sbn|sbx|shp\.xml)$/i;

export type UploadState =
	| { state: "waiting" }
	| { state: "sending"; nSent: number }
	/** It may be tried again as it is. */
	| { state: "failed"; code: string }
	/** It would be refused again. */
	| { state: "refused"; code: string };

/** A file on its way to the store. */
export type Upload = { readonly id: number; readonly file: File } & UploadState;

/** What happens to a file that is picked: `folder` where the browser gave a folder for a file. */
export interface Picked {
	readonly file: File;
	readonly isFolder: boolean;
}

/** Sends files one after the other. A file leaves the list when the store has it. */
export class Uploads {
	readonly #store: ConsoleStore;
	readonly #onreceived: (delivery: ConsoleDeliveryDto) => void;
	#all = $state.raw<readonly Upload[]>([]);
	#sending: { id: number; abort: AbortController } | null = null;
	#nMade = 0;

	constructor(store: ConsoleStore, onreceived: (delivery: ConsoleDeliveryDto) => void) {
		this.#store = store;
		this.#onreceived = onreceived;
	}

	get all(): readonly Upload[] {
		return this.#all;
	}

	/** Whether closing the page would lose something. */
	get isSending(): boolean {
		return this.#all.some((it) => it.state === "sending" || it.state === "waiting");
	}

	add(picked: readonly Picked[]): void {
		const met = new Set<string>();
		for (const { file, isFolder } of picked) {
			const code = refusalOf(file, isFolder);
			// The five files of one Shapefile are one refusal.
			if (code === "shapefile_loose") {
				const stem = file.name.replace(LOOSE_PART, "");
				if (met.has(stem)) continue;
				met.add(stem);
			}
			this.#nMade += 1;
			const state: UploadState = code === null ? { state: "waiting" } : { state: "refused", code };
			this.#all = [...this.#all, { id: this.#nMade, file, ...state }];
		}
		void this.#sendNext();
	}

	/** Stops a file, or takes one that did not arrive off the list. */
	remove(id: number): void {
		this.#all = this.#all.filter((it) => it.id !== id);
		if (this.#sending?.id === id) this.#sending.abort.abort();
	}

	retry(id: number): void {
		this.#set(id, { state: "waiting" });
		void this.#sendNext();
	}

	async #sendNext(): Promise<void> {
		const next = this.#all.find((it) => it.state === "waiting");
		if (this.#sending || !next) return;
		const { id, file } = next;
		const abort = new AbortController();
		this.#sending = { id, abort };
		this.#set(id, { state: "sending", nSent: 0 });
		const told = (nSent: number) => this.#set(id, { state: "sending", nSent });
		const answer = await this.#store.upload(file, told, abort.signal);
		this.#sending = null;
		if (answer.ok) {
			this.#all = this.#all.filter((it) => it.id !== id);
			this.#onreceived(answer.value);
		} else {
			this.#set(id, { state: isFinal(answer.code) ? "refused" : "failed", code: answer.code });
		}
		void this.#sendNext();
	}

	/** A file that is not in the list any more stays away. */
	#set(id: number, state: UploadState): void {
		this.#all = this.#all.map((it) => (it.id === id ? { id, file: it.file, ...state } : it));
	}
}

function refusalOf(file: File, isFolder: boolean): string | null {
	if (isFolder) return "folder";
	if (file.size === 0) return "empty_file";
	if (file.size > MAX_UPLOAD_BYTES) return "too_large";
	return LOOSE_PART.test(file.name) ? "shapefile_loose" : null;
}

function isFinal(code: string): boolean {
	return ["too_large", "unknown_file_kind", "foreign_file", "empty_file"].includes(code);
}

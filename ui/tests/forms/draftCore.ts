import type { ApiError, ChangesDto, DraftDto, PhotoDto } from "../../src/lib/core/bindings";
import type { CommandName, Core, Input, Output, Result } from "../../src/lib/core/core";

/** One draft in the browser's storage: a reload is a crash, and what was saved is there afterwards. */
interface Kept {
	draft: DraftDto;
	readonly bytes: Record<string, string>;
}

const KEY = "draft";

/** The draft commands on `localStorage`, for tests of the panel. */
export class DraftCore implements Core {
	/** Answered to every save while it is set, to see what a full disk does. */
	failure: ApiError | null = null;
	nSaves = 0;
	completed: Input<"complete_draft"> | null = null;
	closed = false;

	begin(draft: DraftDto): DraftDto {
		const kept = this.#kept();
		if (kept?.draft.id === draft.id) return { ...kept.draft, wasInterrupted: true };
		this.#keep({ draft, bytes: {} });
		return draft;
	}

	call<Name extends CommandName>(name: Name, input: Input<Name>): Promise<Result<Output<Name>, ApiError>> {
		const answer = this.#answer(name, input);
		// The table of commands gives the pairing; TypeScript cannot follow it through a switch.
		return Promise.resolve(answer as Result<Output<Name>, ApiError>);
	}

	tileUrl(): string {
		return "";
	}

	photoUrl(blob: string): string {
		const photo = this.#kept()?.draft.photos.find((it) => it.blob === blob);
		return `data:${photo?.mediaType ?? "image/png"};base64,${this.#kept()?.bytes[blob] ?? ""}`;
	}

	#answer(name: CommandName, input: unknown): Result<unknown, ApiError> {
		const kept = this.#kept();
		if (!kept) return { ok: false, error: { code: "draft_not_found" } };
		if (this.failure && (name === "save_draft" || name === "add_photo"))
			return { ok: false, error: this.failure };
		const commands: Partial<Record<CommandName, () => unknown>> = {
			save_draft: () => this.#save(kept, input as Input<"save_draft">),
			add_photo: () => this.#addPhoto(kept, input as Input<"add_photo">),
			remove_photo: () => this.#removePhoto(kept, input as Input<"remove_photo">),
			complete_draft: () => {
				this.completed = input as Input<"complete_draft">;
				return noChanges;
			},
			close_draft: () => {
				this.closed = true;
				return {};
			},
		};
		return { ok: true, value: commands[name]?.() ?? {} };
	}

	#save(kept: Kept, it: Input<"save_draft">): unknown {
		this.nSaves += 1;
		const savedAt = new Date().toISOString();
		kept.draft = { ...kept.draft, instanceXml: it.instanceXml, hiddenJson: it.hiddenJson, savedAt };
		this.#keep(kept);
		return { savedAt };
	}

	#addPhoto(kept: Kept, it: Input<"add_photo">): unknown {
		const photo = photoOf(it);
		kept.bytes[photo.blob] = it.bytesBase64;
		const others = kept.draft.photos.filter((other) => other.blob !== photo.blob);
		kept.draft = { ...kept.draft, photos: [...others, photo] };
		this.#keep(kept);
		return photo;
	}

	#removePhoto(kept: Kept, it: Input<"remove_photo">): unknown {
		kept.draft = { ...kept.draft, photos: kept.draft.photos.filter((photo) => photo.blob !== it.blob) };
		this.#keep(kept);
		return {};
	}

	#kept(): Kept | null {
		const text = localStorage.getItem(KEY);
		return text === null ? null : (JSON.parse(text) as Kept);
	}

	#keep(kept: Kept): void {
		localStorage.setItem(KEY, JSON.stringify(kept));
	}
}

const noChanges: ChangesDto = {
	nSavedHere: 1,
	nReceived: 0,
	nSecured: 0,
	nPhotosTaken: 0,
	nPhotosReceived: 0,
	rows: [],
};

/** Names a photo by its content, as the core does; a small hash is enough here. */
function photoOf(input: Input<"add_photo">): PhotoDto {
	let hash = 0n;
	for (const letter of input.bytesBase64) {
		hash = (hash * 1_099_511_628_211n + BigInt(letter.charCodeAt(0))) & 0xffff_ffff_ffff_ffffn;
	}
	const digits = hash.toString(16).padStart(16, "0");
	return {
		blob: `sha256:${digits}`,
		name: `${digits}.${input.mediaType === "image/png" ? "png" : "jpg"}`,
		mediaType: input.mediaType,
		nBytes: input.bytesBase64.length,
		addedAt: new Date().toISOString(),
		state: "saved_here",
	};
}

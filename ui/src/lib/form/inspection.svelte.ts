import type { Core } from "../core/core";
import type { ApiError, ChangesDto, DraftDto, PhotoDto } from "../core/bindings";
import type { FormNode } from "../session/formNode.svelte";
import { openSession, type SessionFailure } from "../session/openSession";
import type { Problem, Session } from "../session/session";
import { base64Of } from "./base64Of";
import { localMoment } from "./clockText";
import type { In } from "./failureText";
import { answersOfRow, putBack } from "./keptRow";
import { count, fineAnswer, isInRow, questionsEverywhere, questionsOutsideRows } from "./questions";

/** How far the durable copy is behind the screen. */
export type Saving =
	| { readonly state: "saved"; readonly at: string }
	| { readonly state: "saving"; readonly at: string }
	| { readonly state: "failed"; readonly error: ApiError };

/** Where the inspection stands as a whole. */
export type Stage =
	| { readonly state: "opening" }
	| { readonly state: "failed"; readonly failure: SessionFailure }
	| { readonly state: "filling" }
	| { readonly state: "completing" }
	| { readonly state: "discarded" };

/** What can be taken back, in words of `kind`; goes away by itself. */
export interface Undoable {
	readonly kind: "all_fine" | "row" | "photo";
	readonly count: number;
	readonly what: string;
	readonly undo: () => void;
}

/** A photo that is being written, or that could not be. */
export interface PendingPhoto {
	readonly id: number;
	readonly file: File;
	readonly place: FormNode;
	readonly error: ApiError | null;
}

interface Parts {
	readonly core: Core;
	readonly draft: DraftDto;
	readonly language: In["locale"];
}

const SAVE_AFTER_MS = 250;
const RETRY_AFTER_MS = 2000;
const UNDO_FOR_MS = 8000;

/** Holds one draft while it is being filled: the session, its saves, its photos, its step. Draws nothing. */
export class Inspection {
	readonly #core: Core;
	readonly draft: DraftDto;
	#session: Session | null = $state.raw(null);
	#stage: Stage = $state.raw({ state: "opening" });
	#saving: Saving;
	#language: In["locale"];
	#step = $state.raw(0);
	#photos: ReadonlyMap<string, PhotoDto>;
	#pending: readonly PendingPhoto[] = $state.raw([]);
	#undoable: Undoable | null = $state.raw(null);
	#nRecoveredPhotos = $state.raw(0);
	#looseList: FormNode | null = $state.raw(null);
	#showsProblems = $state.raw(false);
	#nChecks = $state.raw(0);
	/** The panel is gone; the session goes when its last change is durable. */
	#isReleased = false;
	#isEnding = false;
	#visited: ReadonlySet<string> = $state.raw(new Set<string>());
	#completionError: ApiError | null = $state.raw(null);
	#announced = $state.raw("");
	#saveTimer: ReturnType<typeof setTimeout> | undefined;
	#undoTimer: ReturnType<typeof setTimeout> | undefined;
	/** Photos whose bytes go when the undo has passed, unless the form names them again. */
	#unnamed: readonly string[] = [];
	/** Counts changes; a save that carried an older one is not the last. */
	#nChanges = 0;
	#nSavedChanges = 0;
	#running: Promise<void> | null = null;
	#photoWork: Promise<void> = Promise.resolve();
	#nPending = 0;

	constructor(parts: Parts) {
		this.#core = parts.core;
		this.draft = parts.draft;
		this.#language = $state.raw(parts.language);
		this.#saving = $state.raw({ state: "saved", at: parts.draft.savedAt });
		this.#photos = $state.raw(new Map(parts.draft.photos.map((it) => [it.name, it])));
	}

	get session(): Session | null {
		return this.#session;
	}
	get stage(): Stage {
		return this.#stage;
	}
	get saving(): Saving {
		return this.#saving;
	}
	get undoable(): Undoable | null {
		return this.#undoable;
	}
	get nRecoveredPhotos(): number {
		return this.#nRecoveredPhotos;
	}
	/** The heading under which recovered photos lie. */
	get looseList(): string {
		return this.#looseList?.label ?? "";
	}
	get showsProblems(): boolean {
		return this.#showsProblems;
	}
	/** Counts the checks, so that each one can bring its list into view. */
	get nChecks(): number {
		return this.#nChecks;
	}
	get completionError(): ApiError | null {
		return this.#completionError;
	}
	/** A text for the polite live region. */
	get announced(): string {
		return this.#announced;
	}
	/** Language of our own words. */
	get in(): In {
		return { locale: this.#language };
	}

	setLanguage(language: In["locale"]): void {
		this.#language = language;
		this.#session?.setLanguage(language);
	}

	announce(text: string): void {
		this.#announced = text;
	}

	/** Opens the form; again after a failure. */
	async open(): Promise<void> {
		this.#stage = { state: "opening" };
		const opened = await openSession({
			formXml: this.draft.formXml,
			instanceXml: this.draft.instanceXml,
			leftovers: this.draft.hiddenJson,
			prefill: this.draft.prefill,
			person: "",
			device: "",
			language: this.#language,
			now: () => localMoment(new Date()),
		});
		if (!opened.ok) {
			this.#stage = { state: "failed", failure: opened.failure };
			// What the engine says of a draft may quote its answers, so only what it says of a form is logged.
			const detail = opened.failure.code === "draft_unreadable" ? "" : opened.failure.detail.slice(0, 500);
			await this.#core.call("log_fault", {
				text: `form ${this.draft.form}: ${opened.failure.code} ${detail}`,
			});
			return;
		}
		this.#session = opened.session;
		this.#stage = { state: "filling" };
		this.#adoptLoosePhotos(opened.session);
		// A new draft is durable from its first moment: its defaults and its identity too.
		if (this.draft.instanceXml === null) this.#changed();
	}

	// ---- steps

	/** Top-level groups as tabs; one that holds everything when the form is short. */
	get steps(): readonly FormNode[] {
		const root = this.#session?.root;
		if (!root) return [];
		const shown = root.shown;
		return shown.length > 1 && shown.every((it) => it.kind === "group") ? shown : [root];
	}

	get isShort(): boolean {
		return this.steps.length < 2;
	}

	get stepIndex(): number {
		return Math.min(this.#step, Math.max(0, this.steps.length - 1));
	}

	get step(): FormNode | null {
		return this.steps[this.stepIndex] ?? null;
	}

	goTo(index: number): void {
		const left = this.step;
		if (left) this.#visited = new Set([...this.#visited, left.id]);
		this.#step = index;
		this.#showsProblems = false;
		void this.flush();
	}

	/** A step that was left with nothing missing. */
	isDone(step: FormNode): boolean {
		return this.#visited.has(step.id) && ![...step.walk()].some((it) => it.error !== null);
	}

	/** A step that was left with something missing. */
	isLacking(step: FormNode): boolean {
		return this.#visited.has(step.id) && !this.isDone(step);
	}

	/** Questions of the step that are answered, of all that it asks outside rows and deviations. */
	get progress(): { readonly nAnswered: number; readonly nQuestions: number } {
		const step = this.step;
		if (!step) return { nAnswered: 0, nQuestions: 0 };
		return count(this.isShort ? questionsOutsideRows(step) : step.shown.filter((it) => it.isQuestion));
	}

	// ---- answers

	set(node: FormNode, input: string | readonly string[]): void {
		this.#session?.set(node, input);
		this.#changed();
	}

	addRow(repeat: FormNode): FormNode | null {
		const row = this.#session?.addRow(repeat) ?? null;
		this.#changed();
		return row;
	}

	/** Takes out a row; it can be put back at the end of the list with its answers. */
	removeRow(repeat: FormNode, index: number, what: string): void {
		const row = repeat.children[index];
		if (!row) return;
		const kept = answersOfRow(row);
		const photosInRow = [...row.walk()].filter((it) => it.kind === "photo").map((it) => it.value);
		this.#session?.removeRow(repeat, index);
		this.#changed();
		this.#offerUndo({
			kind: "row",
			count: index + 1,
			what,
			undo: () => {
				const again = this.#session?.addRow(repeat);
				if (this.#session && again) putBack(this.#session, again, kept);
			},
		});
		this.#unnamed = photosInRow;
	}

	/** Points of the step that are not answered yet and have an answer for "nothing wrong". */
	get unansweredPoints(): readonly FormNode[] {
		return (this.step?.shown ?? []).filter(
			(it) => it.appearances.has("point") && it.value === "" && fineAnswer(it) !== null,
		);
	}

	/** Answers every unanswered point of the step with its fine answer. */
	allFine(): void {
		const points = this.unansweredPoints;
		for (const point of points) this.#session?.set(point, fineAnswer(point) ?? "");
		this.#changed();
		this.#offerUndo({
			kind: "all_fine",
			count: points.length,
			what: "",
			undo: () => {
				for (const point of points) this.#session?.set(point, "");
			},
		});
	}

	// ---- photos

	photo(name: string): PhotoDto | null {
		return this.#photos.get(name) ?? null;
	}

	photoUrl(photo: PhotoDto): string {
		return this.#core.photoUrl(photo.blob);
	}

	pendingAt(place: FormNode): readonly PendingPhoto[] {
		return this.#pending.filter((it) => it.place === place);
	}

	/** Hands files to the core and names them in the form, in their order: rows of a list, or the one answer. */
	async addPhotos(place: FormNode, files: readonly File[]): Promise<void> {
		const waiting = files.map((file) => {
			this.#nPending += 1;
			return { id: this.#nPending, file, place, error: null };
		});
		this.#pending = [...this.#pending, ...waiting];
		await this.#inTurn(waiting);
	}

	/** Tries again with what could not be written. */
	async retryPhotos(place: FormNode): Promise<void> {
		await this.#inTurn(this.pendingAt(place).filter((it) => it.error !== null));
	}

	dropPending(photo: PendingPhoto): void {
		this.#pending = this.#pending.filter((it) => it.id !== photo.id);
	}

	/** Takes a photo out of the form; its bytes go when the undo has passed. */
	removePhoto(list: FormNode | null, node: FormNode): void {
		const name = node.value;
		const index = list ? list.children.findIndex((row) => row.children.includes(node)) : -1;
		if (list && index >= 0) this.#session?.removeRow(list, index);
		else this.#session?.set(node, "");
		this.#changed();
		this.#offerUndo({
			kind: "photo",
			count: 1,
			what: "",
			undo: () => {
				this.#namePhoto(list ?? node, name);
			},
		});
		this.#unnamed = [name];
	}

	// ---- undo

	undo(): void {
		const undoable = this.#undoable;
		this.#undoable = null;
		this.#unnamed = [];
		clearTimeout(this.#undoTimer);
		undoable?.undo();
		this.#changed();
	}

	// ---- saving

	/** Writes at once what is not durable yet. */
	async flush(): Promise<void> {
		clearTimeout(this.#saveTimer);
		// Another waiter may have begun the next save meanwhile: one at a time, so that an older one never comes last.
		while (this.#running) await this.#running;
		if (this.#session && this.#nChanges !== this.#nSavedChanges) await this.#save(this.#session);
	}

	/** Leaves the draft for later; false when it is not yet durable, and then it stays open. */
	async close(): Promise<boolean> {
		await this.#photoWork;
		await this.flush();
		if (this.#saving.state === "failed" || this.#pending.length > 0) return false;
		await this.#putAway();
		return true;
	}

	async discard(): Promise<boolean> {
		await this.flush();
		const result = await this.#core.call("discard_draft", { id: this.draft.id });
		if (result.ok) this.#stage = { state: "discarded" };
		return result.ok;
	}

	async restore(): Promise<void> {
		const result = await this.#core.call("restore_draft", { id: this.draft.id });
		if (result.ok) this.#stage = { state: "filling" };
	}

	/** The panel went: puts the draft away, and lets go of the engine's memory as soon as everything is durable. */
	release(): void {
		this.#isReleased = true;
		void this.#photoWork.then(() => this.flush()).then(() => this.#putAway());
	}

	// ---- completing

	/** What stands in the way, in the form's order. */
	get problems(): readonly Problem[] {
		return this.#session?.problems() ?? [];
	}

	/** Whether the answers may be completed; shows what is missing when not. */
	check(): boolean {
		const problems = this.problems;
		for (const { node } of problems) node.touched = true;
		this.#nChecks += 1;
		this.#showsProblems = problems.length > 0;
		return problems.length === 0;
	}

	/** Goes to the step of a problem and tells where to look. */
	goToProblem(problem: Problem): void {
		problem.node.touched = true;
		const index = this.steps.findIndex((step) => [...step.walk()].includes(problem.node));
		if (index >= 0) this.#step = index;
	}

	/** Completes the draft; null when it could not be. */
	async complete(): Promise<ChangesDto | null> {
		const session = this.#session;
		await this.#photoWork;
		// A photo that could not be written says so where it was taken; completing without it would lose it.
		if (!session || !this.check() || this.#pending.length > 0) return null;
		this.#stage = { state: "completing" };
		this.#completionError = null;
		await this.flush();
		const submission = session.submission();
		const blobs = new Set<string>();
		for (const name of submission.photos) {
			const photo = this.#photos.get(name);
			if (photo) blobs.add(photo.blob);
		}
		const result = await this.#core.call("complete_draft", {
			id: this.draft.id,
			instanceXml: submission.xml,
			answersJson: JSON.stringify(session.answers()),
			blobs: [...blobs],
		});
		if (result.ok) {
			this.#nSavedChanges = this.#nChanges;
			return result.value;
		}
		this.#stage = { state: "filling" };
		this.#completionError = result.error;
		return null;
	}

	// ---- inside

	#changed(): void {
		this.#nChanges += 1;
		clearTimeout(this.#saveTimer);
		this.#saveTimer = setTimeout(() => {
			void this.flush();
		}, SAVE_AFTER_MS);
	}

	#save(session: Session): Promise<void> {
		const run = this.#saveNow(session).finally(() => {
			if (this.#running === run) this.#running = null;
		});
		this.#running = run;
		return run;
	}

	async #saveNow(session: Session): Promise<void> {
		const carried = this.#nChanges;
		const before = this.#saving;
		if (before.state === "saved") this.#saving = { state: "saving", at: before.at };
		const draft = session.draft();
		const { nAnswered, nQuestions } = count(questionsEverywhere(session.root));
		const result = await this.#core.call("save_draft", {
			id: this.draft.id,
			instanceXml: draft.xml,
			hiddenJson: draft.leftovers,
			nAnswered,
			nQuestions,
		});
		if (result.ok) {
			this.#nSavedChanges = carried;
			this.#saving = { state: "saved", at: result.value.savedAt };
			if (this.#isReleased) await this.#putAway();
			return;
		}
		this.#saving = { state: "failed", error: result.error };
		clearTimeout(this.#saveTimer);
		this.#saveTimer = setTimeout(() => {
			void this.flush();
		}, RETRY_AFTER_MS);
	}

	async #writePhoto(photo: PendingPhoto): Promise<void> {
		this.#pending = this.#pending.map((it) => (it.id === photo.id ? { ...it, error: null } : it));
		const bytesBase64 = await base64Of(photo.file);
		const result =
			bytesBase64 === null
				? ({ ok: false, error: { code: "photo_unreadable" } } as const)
				: await this.#core.call("add_photo", {
						draft: this.draft.id,
						name: photo.file.name,
						mediaType: photo.file.type,
						bytesBase64,
					});
		if (!result.ok) {
			this.#pending = this.#pending.map((it) => (it.id === photo.id ? { ...it, error: result.error } : it));
			return;
		}
		this.#photos = new Map([...this.#photos, [result.value.name, result.value]]);
		this.#pending = this.#pending.filter((it) => it.id !== photo.id);
		this.#namePhoto(photo.place, result.value.name);
		this.#changed();
		await this.flush();
	}

	/** One after another over all questions, so that rows come in the order they were taken. */
	#inTurn(photos: readonly PendingPhoto[]): Promise<void> {
		this.#photoWork = this.#photoWork.then(async () => {
			for (const photo of photos) await this.#writePhoto(photo);
		});
		return this.#photoWork;
	}

	#namePhoto(place: FormNode, name: string): void {
		const node = place.kind === "repeat" ? this.#session?.addRow(place)?.children[0] : place;
		if (node) this.#session?.set(node, name);
	}

	/** Frees photos that the form names nowhere, hidden answers included. */
	async #freeUnnamed(session: Session): Promise<void> {
		const names = this.#unnamed;
		this.#unnamed = [];
		const named = new Set(names.length > 0 ? session.draft().photos : []);
		for (const name of names) {
			const photo = this.#photos.get(name);
			if (!photo || named.has(name)) continue;
			const result = await this.#core.call("remove_photo", { draft: this.draft.id, blob: photo.blob });
			if (result.ok) this.#photos = new Map([...this.#photos].filter(([it]) => it !== name));
		}
	}

	/** Photos that were written just before an interruption and not yet named come to the form's last own list. */
	#adoptLoosePhotos(session: Session): void {
		const named = new Set(session.draft().photos);
		const loose = [...this.#photos.keys()].filter((it) => !named.has(it));
		const list = [...session.root.walk()]
			.filter((it) => it.isPhotoList && it.relevant && !isInRow(it))
			.at(-1);
		if (!this.draft.wasInterrupted || loose.length === 0 || !list) return;
		for (const name of loose) this.#namePhoto(list, name);
		this.#nRecoveredPhotos = loose.length;
		this.#looseList = list;
		this.#changed();
	}

	#offerUndo(undoable: Undoable): void {
		void this.#endUndo();
		this.#undoable = undoable;
		this.#undoTimer = setTimeout(() => {
			void this.#endUndo();
		}, UNDO_FOR_MS);
	}

	async #endUndo(): Promise<void> {
		clearTimeout(this.#undoTimer);
		this.#undoable = null;
		if (this.#session) await this.#freeUnnamed(this.#session);
	}

	/** Ends the session when nothing waits any more. A draft that was left on purpose is not an interrupted one. */
	async #putAway(): Promise<void> {
		const session = this.#session;
		if (!session || this.#isEnding || this.#nChanges !== this.#nSavedChanges) return;
		this.#isEnding = true;
		clearTimeout(this.#saveTimer);
		await this.#endUndo();
		this.#session = null;
		session.close();
		if (this.#stage.state === "filling") await this.#core.call("close_draft", { id: this.draft.id });
	}
}

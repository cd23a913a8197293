import type { Question } from "../applies/applies.svelte";
import { Cards, type FeatureRef } from "../card/cards.svelte";
import { Changes, type ChangeGroup, type NumberedChange } from "../changes/changes.svelte";
import type {
	ApiError,
	DraftDto,
	DraftSummaryDto,
	ConflictSummaryDto,
	HitDto,
	IdentifiedDto,
	PointDto,
	SessionDto,
} from "../core/bindings";
import type { Core } from "../core/core";
import type { DutyPlace } from "../duties/duties.svelte";
import { Layers } from "../layers/layers.svelte";
import type { FieldMap, Shown, Spot } from "../map/fieldMap";
import { isSameSpot, scaleDenominator } from "../map/lngLat";
import type { Mark } from "../map/marks";
import type { Mode } from "../map/palette";
import { Search } from "../search/search.svelte";
import { Settings, type PanelKind } from "../settings/settings.svelte";
import { Sync } from "../sync/sync.svelte";
import { titleText } from "../words/format";
import { m } from "../words/generated/messages.js";
import { failureText } from "../words/failureText";
import { Asking } from "./asking.svelte";
import { Deciding } from "./deciding.svelte";
import { Measuring } from "./measuring.svelte";

/** What the panel beside the map shows. */
export type Panel =
	| { readonly kind: "none" }
	| { readonly kind: "card" }
	| { readonly kind: "applies" }
	| { readonly kind: "duties" }
	| { readonly kind: "layers" }
	| { readonly kind: "measure" }
	| { readonly kind: "changes" }
	| { readonly kind: "conflict" }
	| { readonly kind: "view" }
	| { readonly kind: "settings" }
	| { readonly kind: "keys" }
	| { readonly kind: "enrolment" }
	| { readonly kind: "inspection"; readonly draft: DraftDto };

/** How wide a panel is. */
export function widthOf(panel: Panel): PanelKind {
	switch (panel.kind) {
		case "inspection":
		case "changes":
		case "conflict":
			return "wide";
		case "applies":
		case "duties":
		case "settings":
		case "keys":
		case "enrolment":
			return "medium";
		case "none":
		case "card":
		case "layers":
		case "measure":
		case "view":
			return "narrow";
	}
}

/** The strip at the foot of the map. It never carries an error. */
export interface Message {
	readonly text: string;
	readonly undo: (() => void) | null;
}

const MESSAGE_MS = 6000;
const POINTER_MS = 120;
const VIEW_MS = 1000;
/** How much of the map the search list covers at its left. */
const LIST_PX = 452;

/** The field app's state: which concepts there are and how an act in one shows in another. */
export class FieldApp {
	readonly core: Core;
	readonly settings: Settings;
	readonly sync: Sync;
	readonly layers: Layers;
	readonly search: Search;
	readonly cards: Cards;
	readonly asking: Asking;
	readonly deciding: Deciding;
	readonly measuring: Measuring;
	readonly changes: Changes;
	#session: SessionDto;
	#panel = $state.raw<Panel>({ kind: "none" });
	#message = $state.raw<Message | null>(null);
	#messageTimer: ReturnType<typeof setTimeout> | undefined;
	#announcement = $state("");
	#failure = $state.raw<ApiError | null>(null);
	#menu = $state.raw<Spot | null>(null);
	#pointer = $state.raw<PointDto | null>(null);
	#pointerAsked: Spot | null = null;
	#pointerTimer: ReturnType<typeof setTimeout> | undefined;
	#scale = $state(0);
	#zoom = $state(0);
	#viewTimer: ReturnType<typeof setTimeout> | undefined;
	#asked: PointDto | null = null;
	#viewBeforeSearch: { lonDeg: number; latDeg: number; zoom: number } | null = null;
	#systemIsDark = $state(false);
	#recovered: DraftSummaryDto | null;
	map: FieldMap | null = null;

	constructor(core: Core, session: SessionDto) {
		this.core = core;
		this.#session = $state.raw(session);
		this.settings = new Settings(core, session.settings);
		this.sync = new Sync(core, session.sync);
		this.layers = new Layers(this.settings, session);
		this.cards = new Cards(core);
		this.asking = new Asking(core, () => this.map);
		this.deciding = new Deciding(core, () => this.map);
		this.measuring = new Measuring(core, {
			map: () => this.map,
			layers: this.layers,
			settings: this.settings,
		});
		this.changes = new Changes(core, this.deciding.conflicts);
		this.search = new Search(core, () => this.map?.view ?? session.settings.view ?? session.home);
		this.#recovered = $state.raw(session.drafts.find((draft) => draft.wasInterrupted) ?? null);
	}

	get session(): SessionDto {
		return this.#session;
	}

	get panel(): Panel {
		return this.#panel;
	}

	get message(): Message | null {
		return this.#message;
	}

	/** What readers are told politely. */
	get announcement(): string {
		return this.#announcement;
	}

	/** A refusal that stays until it is acted on. */
	get failure(): ApiError | null {
		return this.#failure;
	}

	get menu(): Spot | null {
		return this.#menu;
	}

	/** The pointer's position in every system, or null outside the map. */
	get pointer(): PointDto | null {
		return this.#pointer;
	}

	get scale(): number {
		return this.#scale;
	}

	get zoom(): number {
		return this.#zoom;
	}

	/** A draft that was open when the program ended. */
	get recovered(): DraftSummaryDto | null {
		return this.#recovered;
	}

	/** The palette that applies now. */
	get mode(): Mode {
		const chosen = this.settings.values.mode;
		if (chosen === "system") return this.#systemIsDark ? "natt" : "sol";
		return chosen === "natt" ? "natt" : "sol";
	}

	/** Whether things may move. */
	get movesGently(): boolean {
		return !this.settings.values.reducedMotion;
	}

	/** Tells what the computer's own setting is. */
	setSystemIsDark(isDark: boolean): void {
		this.#systemIsDark = isDark;
	}

	/** What of the map is seen: the person's choice, and what an open answer adds to it. */
	get shownOnMap(): Shown {
		return {
			datasets: this.asking.drawnWith(this.layers.shown),
			listed: this.layers.listed,
			hasNetwork: this.layers.hasNetwork,
			isNetworkFirst: this.layers.isNetworkFirst,
			zones: this.asking.zones,
			arrangement: { orders: this.layers.orders, filters: this.layers.rowFilters },
		};
	}

	/** Numbers that the open list shares with the map. */
	get marks(): Mark[] {
		if (this.#panel.kind === "applies") return this.asking.marks;
		if (this.#panel.kind === "measure") return this.measuring.marks;
		if (this.#panel.kind !== "changes") return [];
		return this.changes.numbered.flatMap(({ number, group, position }) =>
			position ? [{ number, state: markOf(group), lonDeg: position.lonDeg, latDeg: position.latDeg }] : [],
		);
	}

	/** Opens a panel; the one that is open already closes instead. */
	toggle(kind: "layers" | "measure" | "changes" | "settings" | "view" | "keys"): void {
		if (this.#panel.kind === kind) this.closePanel();
		else this.open({ kind });
	}

	open(panel: Panel): void {
		this.#failure = null;
		this.#panel = panel;
		if (panel.kind !== "conflict") this.deciding.close();
		if (panel.kind === "measure") this.measuring.open();
		else this.measuring.pause();
		if (panel.kind !== "applies" && panel.kind !== "duties") this.#closeQuestion();
		if (panel.kind === "changes") void this.changes.refresh();
	}

	/** Gives the map the full width. */
	closePanel(): void {
		if (this.#panel.kind === "card") this.cards.close();
		if (this.#panel.kind === "measure") void this.measuring.leave();
		this.deciding.close();
		this.#closeQuestion();
		this.#failure = null;
		this.#panel = { kind: "none" };
	}

	/** The rail's map: the card when something is selected, else only the map. */
	showMap(): void {
		if (this.cards.selected.state !== "none" && this.#panel.kind !== "card") this.open({ kind: "card" });
		else if (this.#panel.kind !== "card") this.closePanel();
	}

	/** Says something at the foot of the map. */
	say(text: string, undo: (() => void) | null = null): void {
		clearTimeout(this.#messageTimer);
		this.#message = { text, undo };
		this.#announcement = text;
		this.#messageTimer = setTimeout(() => this.hush(), MESSAGE_MS);
	}

	hush(): void {
		clearTimeout(this.#messageTimer);
		this.#message = null;
	}

	/** Tells readers something that is seen anyway. */
	announce(text: string): void {
		this.#announcement = text;
	}

	/** Keeps a hit of the search and shows it. */
	async keepHit(hit: HitDto | null = null): Promise<void> {
		const kept = await this.search.keep(hit);
		if (!kept) return;
		this.#viewBeforeSearch = null;
		this.map?.preview(null);
		await this.#showHit(kept);
	}

	/** Looks at the row that the arrows stand on, without leaving the box. */
	async previewHit(): Promise<void> {
		const hit = this.search.previewed;
		this.#viewBeforeSearch ??= this.map?.view ?? null;
		if (!hit) {
			this.map?.preview(null);
			await this.cards.preview(null);
			this.#closeEmptyCard();
			return;
		}
		if (hit.position) {
			this.map?.preview(pointJson(hit.position));
			this.map?.show(hit.position, { coveredPx: LIST_PX });
		}
		if (hit.dataset === "") {
			await this.cards.preview(null);
			this.#closeEmptyCard();
			return;
		}
		await this.cards.preview(hit);
		const card = this.cards.previewed;
		if (card && card.id === hit.id && card.geometryJson) {
			this.map?.preview(card.geometryJson);
			if (this.#panel.kind === "none") this.#panel = { kind: "card" };
		}
	}

	/** Leaves the search: the map is as it was. */
	async leaveSearch(): Promise<void> {
		this.search.close();
		this.map?.preview(null);
		await this.cards.preview(null);
		if (this.#viewBeforeSearch) this.map?.goTo(this.#viewBeforeSearch);
		this.#viewBeforeSearch = null;
		this.#closeEmptyCard();
	}

	/** Selects a feature, shows its card and brings it into view. */
	async openFeature(feature: FeatureRef): Promise<void> {
		this.open({ kind: "card" });
		await this.cards.open(feature);
		this.#showSelected("fit");
	}

	/** A press on the map: a place of the measure, or a question about what lies there. */
	press(spot: Spot): void {
		if (this.measuring.isOpen) void this.measuring.add(spot);
		else void this.ask(spot);
	}

	/** Asks what lies at a spot. The second press at the same spot takes the next thing. */
	async ask(spot: Spot): Promise<void> {
		this.#menu = null;
		// Only what is drawn there can be pressed; at this zoom a shown layer may still be hidden.
		const drawn = this.map?.drawnAt(spot) ?? this.layers.shown;
		const result = await this.core.call("identify_features", {
			lonDeg: spot.lonDeg,
			latDeg: spot.latDeg,
			radiusM: spot.radiusM,
			datasets: [...drawn],
		});
		if (!result.ok) {
			this.#failure = result.error;
			return;
		}
		const { features, at } = result.value;
		if (features.length === 0) {
			this.say(m.place_none());
			return;
		}
		if (isSameSpot(at, this.#asked, spot.radiusM) && isSame(features, this.cards.here))
			await this.cards.cycle(1);
		else {
			this.open({ kind: "card" });
			await this.cards.openHere(features);
		}
		this.#asked = at;
		this.#showSelected("stay");
	}

	/** Takes the next or previous thing at the spot that was pressed. */
	async cycle(by: 1 | -1): Promise<void> {
		await this.cards.cycle(by);
		this.#showSelected("stay");
	}

	/** What a key asks about: the selected parcel, else what the crosshair stands on. */
	questionAt(spot: Spot): Question {
		const selected = this.cards.selected;
		return selected.state === "card" && selected.card.role === "parcel"
			? { kind: "parcel", dataset: selected.card.dataset, id: selected.card.id }
			: { kind: "point", lonDeg: spot.lonDeg, latDeg: spot.latDeg };
	}

	/** The place that a key asks about: the selected parcel's, else what the crosshair stands on. */
	dutyPlaceAt(spot: Spot): DutyPlace {
		const selected = this.cards.selected;
		return selected.state === "card" && selected.card.role === "parcel" && selected.card.position
			? { ...selected.card.position, label: selected.card.title }
			: { lonDeg: spot.lonDeg, latDeg: spot.latDeg, label: "" };
	}

	/** Asks what applies to a parcel or at a point. */
	async askApplies(question: Question): Promise<void> {
		this.#menu = null;
		this.open({ kind: "applies" });
		this.#select();
		const answer = await this.asking.openApplies(question);
		if (!answer) return;
		this.announce(
			m.applies_said({
				concerns: answer.concerns.length,
				near: answer.near.length,
				noHit: answer.noHit.length,
				noAnswer: answer.noAnswer.length,
			}),
		);
	}

	/** Asks who is responsible at a place. */
	async askDuties(place: DutyPlace): Promise<void> {
		this.#menu = null;
		this.open({ kind: "duties" });
		this.#select();
		if (place.label === "") this.asking.pointOut(place);
		await this.asking.openDuties(place);
		const { shown } = this.asking.duties;
		if (shown.state === "answer") this.announce(m.duties_said({ count: shown.answer.duties.length }));
	}

	/** One step back from an answer: the chosen zone, then the card that it came from. */
	leaveQuestion(): void {
		if (this.asking.applies.chosen) this.asking.choose(null);
		else if (this.cards.selected.state === "none") this.closePanel();
		else this.open({ kind: "card" });
	}

	/** Opens the menu of a place. */
	openMenu(spot: Spot): void {
		this.#menu = spot;
	}

	closeMenu(): void {
		this.#menu = null;
	}

	/** Describes a spot in every system. */
	async describe(spot: { readonly lonDeg: number; readonly latDeg: number }): Promise<PointDto | null> {
		const result = await this.core.call("describe_position", { lonDeg: spot.lonDeg, latDeg: spot.latDeg });
		return result.ok ? result.value : null;
	}

	/** Follows the pointer, a few times a second. */
	movePointer(spot: Spot | null): void {
		this.#pointerAsked = spot;
		void this.measuring.follow(spot);
		if (!spot) return;
		this.#describeSoon(() => this.#pointerAsked);
	}

	/** Follows the map, and remembers where it is left. */
	moveMap(): void {
		const view = this.map?.view;
		if (!view) return;
		this.#scale = scaleDenominator(view);
		this.#zoom = view.zoom;
		this.measuring.moveTag();
		clearTimeout(this.#viewTimer);
		this.#viewTimer = setTimeout(() => this.settings.rememberView(view), VIEW_MS);
		if (!this.#pointerAsked && this.map) {
			// Without a pointer the status line tells the middle.
			const middle = this.map.crosshair;
			if (this.map.hasFocus) void this.measuring.follow(middle);
			this.#describeSoon(() => middle);
		}
	}

	/** Begins an inspection of a feature, or of a place. */
	async startInspection(form: string, subject: FeatureRef | null, at: PointDto | null): Promise<void> {
		const result = await this.core.call("start_draft", {
			form,
			dataset: subject?.dataset ?? "",
			feature: subject?.id ?? "",
			lonDeg: at?.lonDeg ?? null,
			latDeg: at?.latDeg ?? null,
		});
		if (!result.ok) {
			this.#failure = result.error;
			return;
		}
		this.open({ kind: "inspection", draft: result.value });
		if (at) this.map?.reveal(at);
	}

	/** Goes on with a draft. */
	async openDraft(id: string): Promise<void> {
		const result = await this.core.call("open_draft", { id });
		if (!result.ok) {
			this.#failure = result.error;
			return;
		}
		this.#recovered = null;
		const draft = result.value;
		this.open({ kind: "inspection", draft });
		if (draft.subjectId !== "") {
			await this.cards.open({ dataset: draft.subjectDataset, id: draft.subjectId });
			this.#showSelected("fit");
		} else if (draft.position) this.map?.show(draft.position);
	}

	/** An inspection was closed: the map keeps its subject. */
	closeInspection(): void {
		if (this.#panel.kind !== "inspection") return;
		if (this.cards.selected.state === "none") this.closePanel();
		else this.open({ kind: "card" });
		void this.reload();
	}

	/** An inspection was completed. */
	completeInspection(): void {
		this.say(m.inspection_done({ state: m.state_saved_here() }));
		this.closeInspection();
	}

	/** Shows a row of the changes: its conflict, its draft, its feature, or only its place. */
	async openChange({ listed }: NumberedChange): Promise<void> {
		if (listed.kind === "conflict") {
			await this.openConflict(listed.conflict);
			return;
		}
		const { change } = listed;
		if (change.kind === "draft") {
			await this.openDraft(change.id);
			return;
		}
		if (change.position) this.map?.show(change.position);
		if (change.feature !== "") {
			await this.cards.open({ dataset: change.dataset, id: change.feature });
			this.#showSelected("stay");
		}
	}

	/** Holds the values of a conflict beside each other, in the panel and on the map. */
	async openConflict(conflict: Pick<ConflictSummaryDto, "feature" | "title">): Promise<void> {
		this.cards.close();
		this.open({ kind: "conflict" });
		await this.deciding.open(conflict);
	}

	/** Takes the conflict before or after the one that is open. */
	async pageConflict(by: 1 | -1): Promise<void> {
		const feature = this.deciding.decision?.feature;
		const beside = feature === undefined ? null : this.deciding.conflicts.beside(feature, by);
		if (beside) await this.openConflict(beside);
	}

	/** Saves the decision, and goes on with the next one when there is one. */
	async saveDecision(): Promise<void> {
		const changes = await this.deciding.save();
		if (!changes) return;
		this.changes.take(changes);
		await this.#leaveConflict(m.conflict_saved());
	}

	/** Leaves the conflict to the coordinator, and goes on with the next one when there is one. */
	async deferDecision(): Promise<void> {
		if (await this.deciding.decision?.defer()) await this.#leaveConflict(m.conflict_deferred());
	}

	/** The card of the object that a conflict was about. */
	async openDecided(): Promise<void> {
		const feature = this.deciding.decision?.feature;
		const change = this.changes.answer?.rows.find((row) => row.feature === feature);
		if (change) await this.openFeature({ dataset: change.dataset, id: change.feature });
		else this.open({ kind: "changes" });
	}

	async #leaveConflict(text: string): Promise<void> {
		await Promise.all([this.deciding.conflicts.refresh(), this.sync.refresh()]);
		this.say(text);
		const next = this.deciding.conflicts.toDecide[0];
		if (next) await this.openConflict(next);
		else this.open({ kind: "changes" });
	}

	/** Puts away the note about the recovered draft. */
	dismissRecovered(): void {
		this.#recovered = null;
	}

	/** Puts away the refusal. */
	dismissFailure(): void {
		this.#failure = null;
	}

	/** Loads the session again, after enrolment or a change. */
	async reload(): Promise<void> {
		const result = await this.core.call("load_session", {});
		if (!result.ok) return;
		this.#session = result.value;
		this.layers.take(result.value);
		this.sync.take(result.value.sync);
	}

	/** Asks again for what is shown, when the core says that it has changed. */
	async refreshShown(): Promise<void> {
		await Promise.all([
			this.changes.refresh(),
			this.deciding.refresh(),
			this.cards.refresh(),
			this.asking.refresh(),
			this.reload(),
		]);
	}

	/** Lets go of an answer; the map points at what is selected again. */
	#closeQuestion(): void {
		if (this.asking.applies.shown.state === "none" && this.asking.duties.shown.state === "none") return;
		this.asking.close();
		this.#select();
	}

	/** A card that was only opened for a preview goes with it. */
	#closeEmptyCard(): void {
		if (this.cards.selected.state === "none" && this.#panel.kind === "card") this.#panel = { kind: "none" };
	}

	/** Shows what the selection is now, on the map. */
	#showSelected(how: "fit" | "stay"): void {
		const selected = this.cards.selected;
		if (selected.state !== "card") {
			if (selected.state !== "loading") this.map?.select(null);
			return;
		}
		const { card } = selected;
		this.map?.select(card.geometryJson);
		this.announce(`${titleText(card.kind)} ${card.title}`);
		if (how !== "fit") return;
		if (card.bounds && card.geometryJson && !card.geometryJson.includes('"Point"'))
			this.map?.show({ bounds: card.bounds });
		else if (card.position) this.map?.show(card.position, { minZoom: 17 });
	}

	/** Outlines what is selected, and nothing else. */
	#select(): void {
		const selected = this.cards.selected;
		if (selected.state === "card") this.map?.select(selected.card.geometryJson);
		else if (selected.state === "place") this.map?.select(pointJson(selected.at));
		else this.map?.select(null);
	}

	async #showHit(hit: HitDto): Promise<void> {
		if (hit.dataset !== "") {
			await this.openFeature(hit);
			return;
		}
		if (!hit.position) return;
		this.open({ kind: "card" });
		this.cards.openPlace(hit.position, hit.label);
		this.#select();
		this.map?.show(hit.position);
	}

	/** Asks at most every so often, and then for the newest place. */
	#describeSoon(place: () => Spot | null): void {
		if (this.#pointerTimer !== undefined) return;
		this.#pointerTimer = setTimeout(() => {
			this.#pointerTimer = undefined;
			void this.#describePointer(place());
		}, POINTER_MS);
	}

	async #describePointer(spot: Spot | null): Promise<void> {
		if (!spot) return;
		this.#pointer = (await this.describe(spot)) ?? this.#pointer;
	}
}

/** What went wrong, in words, for the place where it is shown. */
export function failureOf(app: FieldApp): string | null {
	return app.failure ? failureText(app.failure) : null;
}

/** How a group's numbers look on the map. */
function markOf(group: ChangeGroup): Mark["state"] {
	switch (group) {
		case "saved_here":
		case "received":
		case "secured":
			return group;
		case "waiting":
			return "saved_here";
		case "attention":
		case "elsewhere":
			return "attention";
	}
}

function pointJson({ lonDeg, latDeg }: PointDto): string {
	return JSON.stringify({ type: "Point", coordinates: [lonDeg, latDeg] });
}

function isSame(a: readonly IdentifiedDto[], b: readonly IdentifiedDto[]): boolean {
	return a.length === b.length && a.every((feature, index) => feature.id === b[index]?.id);
}

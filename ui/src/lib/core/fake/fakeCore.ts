import type {
	ApiError,
	ChangesDto,
	EnrolmentDto,
	HitDto,
	ResolveConflictInput,
	SessionDto,
	SettingsDto,
	StartEnrolmentInput,
	SyncDto,
} from "../bindings";
import type { CommandName, Core, Input, Output, Result } from "../core";
import { LOADED_TILE_PROTOCOL } from "../core";
import { DEMO_DAY, demoChanges, demoDatasets, demoForms, demoSettings, demoSync, demoWaiting } from "./demo";
import { demoConflicts, type DemoConflict } from "./demoConflicts";
import { withZones } from "./demoZones";
import { appliesAt } from "./fakeApplies";
import { cardOf, identify } from "./fakeCards";
import { FakeConflicts } from "./fakeConflicts";
import { FakeDrafts } from "./fakeDrafts";
import { dutiesAt } from "./fakeDuties";
import { demoThemes } from "./fakeLayers";
import { measureOf, selectionOf } from "./fakeMeasure";
import { findPlaces } from "./fakeSearch";
import { pointAt, pointOfGrid } from "./projection";
import { Refusal } from "./refusal";
import { featureOf, type Town } from "./town";

/** How the invented laptop is when the program starts. */
export interface FakeOptions {
	readonly phase?: "empty" | "bundle" | "enrolled";
	readonly sync?: string;
	readonly settings?: Partial<SettingsDto>;
	/** Whether a draft was open when the program ended. */
	readonly hasInterruptedDraft?: boolean;
	readonly hasChanges?: boolean;
	/** Whether some of it waits for something else. */
	readonly hasWaiting?: boolean;
	/** Which disagreements there are. */
	readonly conflicts?: readonly DemoConflict[];
	/** Whether the layers that answer what applies are old, locked or behind the law. */
	readonly hasPoorLayers?: boolean;
	/** The XForm of each form by id. */
	readonly formXml?: Readonly<Record<string, string>>;
	/** Answers a tile's bytes. */
	readonly tile?: (path: string) => ArrayBuffer;
}

type Handlers = { [Name in CommandName]: (input: Input<Name>) => Output<Name> | Refusal };

/** A core in memory on the invented town, for tests and pictures. Not in the shipped program. */
export class FakeCore implements Core {
	readonly #town: Town;
	readonly #handlers: Handlers;
	readonly #drafts: FakeDrafts;
	readonly #recent: HitDto[] = [];
	readonly #hasPoorLayers: boolean;
	readonly conflicts: FakeConflicts;
	readonly loadTile?: (path: string) => Promise<ArrayBuffer>;
	/** Calls made so far, by name, for tests. */
	readonly calls: { readonly name: CommandName; readonly input: unknown }[] = [];
	/** A refusal that every following call of a command answers. */
	readonly refusals = new Map<CommandName, ApiError>();
	settings: SettingsDto;
	sync: SyncDto;
	phase: "empty" | "bundle" | "enrolled";
	changes: ChangesDto;
	enrolment: EnrolmentDto = { state: "idle", part: "", nBytesDone: 0, nBytesTotal: 0, errorCode: "" };

	constructor(town: Town, options: FakeOptions = {}) {
		this.#town = withZones(town);
		this.#hasPoorLayers = options.hasPoorLayers ?? false;
		this.phase = options.phase ?? "enrolled";
		this.settings = { ...demoSettings(), ...options.settings };
		const hasChanges = options.hasChanges !== false;
		this.conflicts = new FakeConflicts(demoConflicts(hasChanges ? (options.conflicts ?? ["fields"]) : []));
		this.sync = {
			...demoSync(this.phase === "enrolled" ? (options.sync ?? "received") : "bundle"),
			nToDecide: this.phase === "enrolled" ? this.conflicts.nToDecide : 0,
		};
		const rows = hasChanges ? [...demoChanges(), ...(options.hasWaiting ? demoWaiting() : [])] : [];
		this.changes = {
			nSavedHere: rows.filter((row) => row.state === "saved_here").length,
			nReceived: rows.filter((row) => row.state === "received").length,
			nSecured: hasChanges ? 41 : 0,
			nPhotosTaken: hasChanges ? 12 : 0,
			nPhotosReceived: hasChanges ? 9 : 0,
			rows,
		};
		const tile = options.tile;
		if (tile) this.loadTile = (path) => Promise.resolve(tile(path));
		this.#drafts = new FakeDrafts(town, options.formXml ?? {});
		if (options.hasInterruptedDraft) this.#drafts.addInterrupted();
		this.#handlers = this.#makeHandlers();
	}

	async call<Name extends CommandName>(
		name: Name,
		input: Input<Name>,
	): Promise<Result<Output<Name>, ApiError>> {
		this.calls.push({ name, input });
		await Promise.resolve();
		const refusal = this.refusals.get(name);
		if (refusal) return { ok: false, error: refusal };
		const answer = this.#handlers[name](input);
		return answer instanceof Refusal ? { ok: false, error: answer.error } : { ok: true, value: answer };
	}

	tileUrl(kind: "base" | "live", tileVersion: number): string {
		const part = kind === "base" ? "base" : `live/${tileVersion}`;
		return `${LOADED_TILE_PROTOCOL}://${part}/{z}/{x}/{y}`;
	}

	photoUrl(blob: string): string {
		return this.#drafts.photoUrl(blob);
	}

	#makeHandlers(): Handlers {
		const drafts = this.#drafts;
		return {
			load_session: () => this.#session(),
			find_places: (input) => findPlaces(this.#town, this.phase === "enrolled", input),
			list_recent_places: () => this.#recent,
			remember_place: ({ hit }) => {
				const at = this.#recent.findIndex(
					(known) => known.label === hit.label && known.dataset === hit.dataset,
				);
				if (at >= 0) this.#recent.splice(at, 1);
				this.#recent.unshift(hit);
				return {};
			},
			identify_features: (input) => ({
				features: identify(this.#town, this.#session().datasets, input),
				missingOrOld: [],
				at: pointAt(input.lonDeg, input.latDeg),
			}),
			load_card: ({ dataset, id }) => {
				const found = featureOf(this.#town, dataset, id);
				if (!found) return new Refusal({ code: "feature_not_found" });
				const isOwn = this.changes.rows.some(
					(row) => row.dataset === dataset && row.feature === id && row.state === "saved_here",
				);
				return cardOf(this.#town, this.#session().datasets, dataset, found, isOwn);
			},
			load_applies: (input) => appliesAt(this.#town, input, this.#hasPoorLayers),
			load_duties: (input) => dutiesAt(this.#town, input),
			measure_places: (input) => measureOf(this.#town, this.#session().datasets, input),
			select_features: (input) => selectionOf(this.#town, this.#session().datasets, input),
			describe_position: ({ lonDeg, latDeg }) => pointAt(lonDeg, latDeg),
			list_drafts: () => drafts.summaries,
			start_draft: (input) => drafts.start(input),
			open_draft: ({ id }) => drafts.open(id),
			save_draft: (input) => drafts.save(input),
			close_draft: ({ id }) => drafts.close(id),
			discard_draft: ({ id }) => drafts.discard(id),
			restore_draft: ({ id }) => drafts.restore(id),
			add_photo: (input) => drafts.addPhoto(input),
			remove_photo: ({ draft, blob }) => drafts.removePhoto(draft, blob),
			complete_draft: ({ id }) => {
				const change = drafts.complete(id);
				return change instanceof Refusal ? change : this.#add(change);
			},
			list_changes: () => this.changes,
			list_conflicts: () => (this.phase === "enrolled" ? this.conflicts.summaries : []),
			load_conflict: ({ feature }) => this.conflicts.load(feature),
			resolve_conflict: (input) => this.#resolve(input),
			defer_conflict: (input) => {
				const answer = this.conflicts.defer(input);
				this.sync = { ...this.sync, nToDecide: this.conflicts.nToDecide };
				return answer;
			},
			load_sync: () => this.sync,
			start_sync: () => this.sync,
			save_outbox: () => ({ path: "Dokument/faltkarta-nodkopia-2026-05-19.json", nEdits: 4, nPhotos: 3 }),
			start_enrolment: (input) => this.#startEnrolment(input),
			load_enrolment: () => this.#stepEnrolment(),
			save_settings: ({ settings }) => {
				this.settings = settings;
				return settings;
			},
			log_fault: () => ({}),
		};
	}

	#session(): SessionDto {
		const counts = Object.fromEntries(
			Object.entries(this.#town).map(([dataset, collection]) => [dataset, collection.features.length]),
		);
		const isEnrolled = this.phase === "enrolled";
		const home = pointOfGrid(152_178, 6_600_479);
		const datasets = this.phase === "empty" ? [] : demoDatasets(counts, isEnrolled);
		return {
			phase: this.phase,
			deviceName: isEnrolled ? "VA-bil 3" : "",
			userName: isEnrolled ? "Fälttekniker Ett" : "",
			role: isEnrolled ? "technician" : "",
			storeUrl: isEnrolled ? "https://geodata.bmb.example" : "",
			gridEpsg: 3009,
			gridName: "SWEREF 99 15 00",
			area: { westDeg: 15.03, eastDeg: 15.056, southDeg: 59.512, northDeg: 59.523 },
			home: { lonDeg: home.lonDeg, latDeg: home.latDeg, zoom: 16.06 },
			datasets,
			themes: demoThemes(datasets),
			forms: [...demoForms],
			drafts: this.#drafts.summaries,
			sync: this.sync,
			settings: this.settings,
			version: "0.1.0",
			baseMapDate: "2026-05-12",
			hasBaseMap: true,
		};
	}

	/** Saves one more piece of work here. */
	#add(change: ChangesDto["rows"][number]): ChangesDto {
		this.changes = {
			...this.changes,
			nSavedHere: this.changes.nSavedHere + 1,
			rows: [change, ...this.changes.rows],
		};
		this.sync = {
			...this.sync,
			nSavedHere: this.changes.nSavedHere,
			nToDecide: this.conflicts.nToDecide,
			dataVersion: this.sync.dataVersion + 1,
		};
		return this.changes;
	}

	#resolve(input: ResolveConflictInput): ChangesDto | Refusal {
		const card = this.conflicts.resolve(input);
		if (card instanceof Refusal) return card;
		this.changes = {
			...this.changes,
			rows: this.changes.rows.filter((row) => row.state !== "conflict" || row.feature !== card.feature),
		};
		return this.#add({
			id: `decided-${card.feature}`,
			kind: "edit",
			title: card.title,
			detail: "Beslut om skillnader",
			at: `${DEMO_DAY}T10:55:00`,
			state: "saved_here",
			reason: "",
			waitsFor: "",
			dataset: card.dataset,
			feature: card.feature,
			nPhotos: 0,
			position: card.position,
		});
	}

	#startEnrolment({ url, code }: StartEnrolmentInput): EnrolmentDto | Refusal {
		if (url.includes("svarar-inte")) return new Refusal({ code: "server_unreachable" });
		if (code === "000000") return new Refusal({ code: "code_invalid" });
		this.enrolment = { state: "connecting", part: "", nBytesDone: 0, nBytesTotal: 0, errorCode: "" };
		return this.enrolment;
	}

	#stepEnrolment(): EnrolmentDto {
		const { state, nBytesDone } = this.enrolment;
		if (state === "connecting")
			this.enrolment = {
				state: "fetching",
				part: "base_map",
				nBytesDone: 82_000_000,
				nBytesTotal: 412_000_000,
				errorCode: "",
			};
		else if (state === "fetching" && nBytesDone < 400_000_000)
			this.enrolment = { ...this.enrolment, part: "parcel", nBytesDone: nBytesDone + 100_000_000 };
		else if (state === "fetching")
			this.enrolment = { ...this.enrolment, state: "done", nBytesDone: 412_000_000 };
		if (this.enrolment.state === "done") {
			this.phase = "enrolled";
			this.sync = demoSync("received");
		}
		return this.enrolment;
	}
}

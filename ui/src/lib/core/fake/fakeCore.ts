import type {
	AddPhotoInput,
	ApiError,
	CardDto,
	ChangesDto,
	CompleteDraftInput,
	DraftDto,
	DraftSummaryDto,
	EnrolmentDto,
	FactDto,
	FindPlacesInput,
	FormDto,
	HitDto,
	IdentifiedDto,
	IdentifyFeaturesInput,
	PhotoDto,
	PointDto,
	SaveDraftInput,
	SearchAnswerDto,
	SessionDto,
	SettingsDto,
	StartDraftInput,
	StartEnrolmentInput,
	SyncDto,
} from "../bindings";
import type { CommandName, Core, Input, Output, Result } from "../core";
import { LOADED_TILE_PROTOCOL } from "../core";
import { DEMO_DAY, demoChanges, demoDatasets, demoForms, demoSettings, demoSync } from "./demo";
import { pointAt, pointOfGrid } from "./projection";
import { boundsOf, distanceM, pointOn, type Town, type TownFeature } from "./town";

/** How the invented laptop is when the program starts. */
export interface FakeOptions {
	readonly phase?: "empty" | "bundle" | "enrolled";
	readonly sync?: string;
	readonly settings?: Partial<SettingsDto>;
	/** Whether a draft was open when the program ended. */
	readonly hasInterruptedDraft?: boolean;
	readonly hasChanges?: boolean;
	/** The XForm of each form by id. */
	readonly formXml?: Readonly<Record<string, string>>;
	/** Answers a tile's bytes. */
	readonly tile?: (path: string) => ArrayBuffer;
}

type Handlers = { [Name in CommandName]: (input: Input<Name>) => Output<Name> | Refusal };

/** A refusal of the core, thrown nowhere and only answered. */
class Refusal {
	readonly error: ApiError;

	constructor(error: ApiError) {
		this.error = error;
	}
}

/** A core in memory on the invented town, for tests and pictures. Not in the shipped program. */
export class FakeCore implements Core {
	readonly #town: Town;
	readonly #options: FakeOptions;
	readonly #handlers: Handlers;
	readonly #drafts = new Map<string, DraftDto>();
	readonly #discarded = new Map<string, DraftDto>();
	readonly #photos = new Map<string, string>();
	readonly #recent: HitDto[] = [];
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
		this.#town = town;
		this.#options = options;
		this.phase = options.phase ?? "enrolled";
		this.sync = demoSync(this.phase === "enrolled" ? (options.sync ?? "received") : "bundle");
		this.settings = { ...demoSettings(), ...options.settings };
		const rows = options.hasChanges === false ? [] : demoChanges();
		this.changes = {
			nSavedHere: rows.filter((row) => row.state === "saved_here").length,
			nReceived: rows.filter((row) => row.state === "received").length,
			nSecured: rows.length === 0 ? 0 : 41,
			nNeedsAttention: rows.filter((row) => row.state === "conflict").length,
			nPhotosTaken: rows.length === 0 ? 0 : 12,
			nPhotosReceived: rows.length === 0 ? 0 : 9,
			rows,
		};
		const tile = options.tile;
		if (tile) this.loadTile = (path) => Promise.resolve(tile(path));
		this.#handlers = this.#makeHandlers();
		if (options.hasInterruptedDraft) this.#addInterruptedDraft();
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
		return this.#photos.get(blob) ?? "data:,";
	}

	#makeHandlers(): Handlers {
		return {
			load_session: () => this.#session(),
			find_places: (input) => this.#find(input),
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
				features: this.#identify(input),
				missingOrOld: [],
				at: pointAt(input.lonDeg, input.latDeg),
			}),
			load_card: ({ dataset, id }) => {
				const found = this.#feature(dataset, id);
				return found ? this.#card(dataset, found) : new Refusal({ code: "feature_not_found" });
			},
			describe_position: ({ lonDeg, latDeg }) => pointAt(lonDeg, latDeg),
			list_drafts: () => [...this.#drafts.values()].map(summary),
			start_draft: (input) => this.#startDraft(input),
			open_draft: ({ id }) => this.#drafts.get(id) ?? new Refusal({ code: "draft_not_found" }),
			save_draft: (input) => this.#saveDraft(input),
			close_draft: ({ id }) => {
				const draft = this.#drafts.get(id);
				if (draft) this.#drafts.set(id, { ...draft, wasInterrupted: false });
				return {};
			},
			discard_draft: ({ id }) => {
				const draft = this.#drafts.get(id);
				if (draft) this.#discarded.set(id, draft);
				this.#drafts.delete(id);
				return {};
			},
			restore_draft: ({ id }) => {
				const draft = this.#discarded.get(id);
				if (!draft) return new Refusal({ code: "draft_not_found" });
				this.#drafts.set(id, draft);
				return {};
			},
			add_photo: (input) => this.#addPhoto(input),
			remove_photo: ({ draft, blob }) => {
				const found = this.#drafts.get(draft);
				if (found)
					this.#drafts.set(draft, { ...found, photos: found.photos.filter((photo) => photo.blob !== blob) });
				return {};
			},
			complete_draft: (input) => this.#completeDraft(input),
			list_changes: () => this.changes,
			load_sync: () => this.sync,
			start_sync: () => this.sync,
			save_outbox: () => ({ path: "Dokument/faltkarta-nodkopia-2026-05-19.zip", nEdits: 4, nPhotos: 3 }),
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
		return {
			phase: this.phase,
			deviceName: isEnrolled ? "VA-bil 3" : "",
			userName: isEnrolled ? "Fälttekniker Ett" : "",
			role: isEnrolled ? "technician" : "",
			storeUrl: isEnrolled ? "https://geodata.bmb.example" : "",
			gridEpsg: 3009,
			gridName: "SWEREF 99 15 00",
			area: { westDeg: 15.03, eastDeg: 15.056, southDeg: 59.512, northDeg: 59.523 },
			home: { ...viewOf(pointOfGrid(152_178, 6_600_479)), zoom: 16.06 },
			datasets: this.phase === "empty" ? [] : demoDatasets(counts, isEnrolled),
			forms: [...demoForms],
			drafts: [...this.#drafts.values()].map(summary),
			sync: this.sync,
			settings: this.settings,
			version: "0.1.0",
			baseMapDate: "2026-05-12",
			hasBaseMap: true,
		};
	}

	#feature(dataset: string, id: string): TownFeature | undefined {
		return this.#town[dataset]?.features.find((feature) => feature.properties["id"] === id);
	}

	#find({ text, nearLonDeg, nearLatDeg }: FindPlacesInput): SearchAnswerDto {
		const coordinate = /^\s*(\d{6,7})[ ,;]+(\d{6,7})\s*$/.exec(text);
		if (coordinate) {
			const [first, second] = [Number(coordinate[1]), Number(coordinate[2])];
			const at = pointOfGrid(Math.min(first, second), Math.max(first, second));
			const hit = coordinateHit(at, "SWEREF 99 15 00", "");
			return {
				text,
				hits: [hit, coordinateHit(pointAt(at.lonDeg - 6.2, at.latDeg), "SWEREF 99 TM", "other_system")],
				suggestion: null,
			};
		}
		const words = text
			.toLocaleLowerCase("sv")
			.split(/\s+/)
			.filter((word) => word !== "");
		const hits: HitDto[] = [];
		const add = (kind: string, dataset: string, feature: TownFeature, label: string, detail: string) => {
			const parts = label.toLocaleLowerCase("sv").split(" ");
			if (!words.every((word) => parts.some((part) => part.startsWith(word)))) return;
			const position = pointOn(feature.geometry);
			hits.push({
				kind,
				dataset,
				id: String(feature.properties["id"]),
				label,
				detail,
				municipality: "Nora",
				position,
				distanceM: distanceM(
					{ type: "Point", coordinates: [position.lonDeg, position.latDeg] },
					nearLonDeg,
					nearLatDeg,
				),
				matched: matches(label, words),
				note: "",
				system: "",
				isOutside: false,
			});
		};
		for (const feature of this.#all("address"))
			add(
				"address",
				"address",
				feature,
				`${text_(feature, "_street")} ${text_(feature, "house_number")}`,
				"Exempelhyttan",
			);
		for (const feature of this.#all("parcel"))
			add(
				"parcel",
				"parcel",
				feature,
				designation(feature),
				`${text_(feature, "_street")} ${text_(feature, "_no")}`,
			);
		if (this.phase === "enrolled") {
			for (const feature of this.#all("valve"))
				add("asset", "valve", feature, `Ventil ${text_(feature, "nummer")}`, text_(feature, "_street"));
			for (const feature of this.#all("hydrant"))
				add("asset", "hydrant", feature, `Brandpost ${text_(feature, "nummer")}`, text_(feature, "_street"));
		}
		for (const feature of this.#all("place"))
			add("place", "place", feature, text_(feature, "name"), "Ortnamn");
		hits.sort((a, b) => a.label.length - b.label.length || (a.distanceM ?? 0) - (b.distanceM ?? 0));
		return {
			text,
			hits: hits.slice(0, 10),
			suggestion: hits.length === 0 && /str/i.test(text) ? "Strandvägen 9" : null,
		};
	}

	#all(dataset: string): readonly TownFeature[] {
		return this.#town[dataset]?.features ?? [];
	}

	#identify({ lonDeg, latDeg, radiusM, datasets }: IdentifyFeaturesInput): IdentifiedDto[] {
		const rank = { Point: 0, LineString: 1, MultiLineString: 1, Polygon: 2, MultiPolygon: 2 } as Record<
			string,
			number
		>;
		const found: (IdentifiedDto & { readonly rank: number; readonly size: number })[] = [];
		const known = this.#session().datasets.filter((dataset) => dataset.group !== "background");
		for (const dataset of known) {
			for (const feature of this.#all(dataset.id)) {
				const distance = distanceM(feature.geometry, lonDeg, latDeg);
				const isShown = datasets.includes(dataset.id);
				if (distance > (isShown ? radiusM : 0)) continue;
				const bounds = boundsOf(feature.geometry);
				found.push({
					dataset: dataset.id,
					id: String(feature.properties["id"]),
					label: labelOf(dataset.id, feature),
					kind: dataset.singular,
					role: dataset.role,
					distanceM: distance,
					rank: rank[feature.geometry.type] ?? 3,
					size: bounds.eastDeg - bounds.westDeg,
				});
			}
		}
		found.sort((a, b) => a.rank - b.rank || (a.rank === 2 ? a.size - b.size : a.distanceM - b.distanceM));
		return found.map(({ dataset, id, label, kind, role, distanceM: metres }) => ({
			dataset,
			id,
			label,
			kind,
			role,
			distanceM: metres,
		}));
	}

	#card(dataset: string, feature: TownFeature): CardDto {
		const declared = this.#session().datasets.find((known) => known.id === dataset);
		const position = pointOn(feature.geometry);
		const id = String(feature.properties["id"]);
		const isOwn = this.changes.rows.some(
			(row) => row.dataset === dataset && row.feature === id && row.state === "saved_here",
		);
		const alsoHere = this.#identify({
			lonDeg: position.lonDeg,
			latDeg: position.latDeg,
			radiusM: 0.5,
			datasets: [],
		})
			.filter((other) => other.dataset !== dataset || other.id !== id)
			.slice(0, 8);
		return {
			dataset,
			id,
			kind: declared?.singular ?? { sv: dataset, en: dataset },
			role: declared?.role ?? "other",
			municipality: "Nora",
			title: labelOf(dataset, feature),
			forms: demoForms
				.filter((form) => form.subjectRoles.includes(declared?.role ?? ""))
				.map((form) => form.id),
			facts: factsOf(dataset, feature, isOwn),
			areaM2: typeof feature.properties["_area"] === "number" ? feature.properties["_area"] : null,
			lengthM: feature.geometry.type === "LineString" ? 143.2 : null,
			addresses: dataset === "parcel" ? [`${text_(feature, "_street")} ${text_(feature, "_no")}`] : [],
			visits:
				dataset === "parcel" || dataset === "valve"
					? [
							{
								id: "i1",
								date: "2026-04-28",
								title: dataset === "valve" ? "Ventilmotionering" : "Arbetsplatsbesök",
								detail: dataset === "valve" ? "18 varv, fungerar" : "Bygg · utan avvikelse",
								body: dataset === "valve" ? "BKT" : "BMB",
								state: "secured",
							},
							{
								id: "i2",
								date: "2025-09-03",
								title: "Läckage, servisledning",
								detail: "Åtgärdad samma dag",
								body: "BKT",
								state: "secured",
							},
						]
					: [],
			alsoHere,
			publisher: declared?.publisher ?? "",
			dataDate: declared?.dataDate ?? null,
			isOld: declared?.isOld ?? false,
			ageDays: declared?.ageDays ?? null,
			accuracy: declared?.accuracy ?? "",
			geometryJson: JSON.stringify(feature.geometry),
			bounds: boundsOf(feature.geometry),
			position,
		};
	}

	#startDraft({ form, dataset, feature, lonDeg, latDeg }: StartDraftInput): DraftDto | Refusal {
		const declared = demoForms.find((known) => known.id === form);
		if (!declared) return new Refusal({ code: "form_not_found" });
		const subject = this.#feature(dataset, feature);
		const position = subject
			? pointOn(subject.geometry)
			: lonDeg !== null && latDeg !== null
				? pointAt(lonDeg, latDeg)
				: null;
		const draft = this.#newDraft(
			declared,
			dataset,
			feature,
			subject ? labelOf(dataset, subject) : "",
			position,
		);
		this.#drafts.set(draft.id, draft);
		return draft;
	}

	#newDraft(
		form: FormDto,
		dataset: string,
		feature: string,
		label: string,
		position: PointDto | null,
	): DraftDto {
		const subject = this.#feature(dataset, feature);
		const known = (question: string) => ({ question, value: text_(subject, question) });
		return {
			id: `draft-${this.#drafts.size + this.#discarded.size + 1}`,
			form: form.id,
			formVersion: form.version,
			title: form.title,
			localNumber: `A3-0${17 + this.#drafts.size}`,
			subjectDataset: dataset,
			subjectId: feature,
			subjectLabel: label,
			prefill: [known("nummer"), known("lage")].filter((fill) => fill.value !== ""),
			formXml: this.#options.formXml?.[form.id] ?? "",
			instanceXml: null,
			hiddenJson: "",
			photos: [],
			startedAt: `${DEMO_DAY}T10:42:00`,
			savedAt: `${DEMO_DAY}T10:42:00`,
			wasInterrupted: false,
			position,
		};
	}

	#addInterruptedDraft(): void {
		const form = demoForms[1];
		const subject = this.#all("parcel").find((parcel) => text_(parcel, "etikett") === "1:3");
		if (!form || !subject) return;
		const draft = this.#newDraft(
			form,
			"parcel",
			text_(subject, "id"),
			designation(subject),
			pointOn(subject.geometry),
		);
		this.#drafts.set(draft.id, { ...draft, wasInterrupted: true });
	}

	#saveDraft({ id, instanceXml, hiddenJson }: SaveDraftInput): { savedAt: string } | Refusal {
		const draft = this.#drafts.get(id);
		if (!draft) return new Refusal({ code: "draft_not_found" });
		const savedAt = `${DEMO_DAY}T10:44:07`;
		this.#drafts.set(id, { ...draft, instanceXml, hiddenJson, savedAt });
		return { savedAt };
	}

	#addPhoto({ draft, name, mediaType, bytesBase64 }: AddPhotoInput): PhotoDto | Refusal {
		const found = this.#drafts.get(draft);
		if (!found) return new Refusal({ code: "draft_not_found" });
		if (bytesBase64 === "") return new Refusal({ code: "photo_empty" });
		const number = this.#photos.size + 1;
		const photo: PhotoDto = {
			blob: `sha256:${String(number).padStart(64, "0")}`,
			name: `${String(number).padStart(16, "0")}.${name.split(".").pop() ?? "jpg"}`,
			mediaType,
			nBytes: Math.round(bytesBase64.length * 0.75),
			addedAt: `${DEMO_DAY}T10:38:00`,
			state: "saved_here",
		};
		this.#photos.set(photo.blob, `data:${mediaType};base64,${bytesBase64}`);
		this.#drafts.set(draft, { ...found, photos: [...found.photos, photo] });
		return photo;
	}

	#completeDraft({ id }: CompleteDraftInput): ChangesDto | Refusal {
		const draft = this.#drafts.get(id);
		if (!draft) return new Refusal({ code: "draft_not_found" });
		this.#drafts.delete(id);
		this.changes = {
			...this.changes,
			nSavedHere: this.changes.nSavedHere + 1,
			rows: [
				{
					id: `done-${id}`,
					kind: "inspection",
					title: draft.subjectLabel,
					detail: draft.title.sv,
					at: `${DEMO_DAY}T10:55:00`,
					state: "saved_here",
					reason: "",
					dataset: draft.subjectDataset,
					feature: draft.subjectId,
					nPhotos: draft.photos.length,
					position: draft.position,
				},
				...this.changes.rows,
			],
		};
		this.sync = { ...this.sync, nSavedHere: this.changes.nSavedHere, dataVersion: this.sync.dataVersion + 1 };
		return this.changes;
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

function viewOf(point: PointDto): { lonDeg: number; latDeg: number } {
	return { lonDeg: point.lonDeg, latDeg: point.latDeg };
}

function text_(feature: TownFeature | undefined, field: string): string {
	const value = feature?.properties[field];
	return value === undefined || value === null ? "" : String(value);
}

function capital(word: string): string {
	return word.charAt(0) + word.slice(1).toLocaleLowerCase("sv");
}

function designation(parcel: TownFeature): string {
	return `${capital(text_(parcel, "trakt"))} ${text_(parcel, "etikett")}`;
}

function labelOf(dataset: string, feature: TownFeature): string {
	switch (dataset) {
		case "parcel":
			return designation(feature);
		case "address":
			return `${text_(feature, "_street")} ${text_(feature, "house_number")}`;
		case "building":
			return text_(feature, "name") || text_(feature, "kind");
		case "valve":
			return `Ventil ${text_(feature, "nummer")}`;
		case "hydrant":
			return `Brandpost ${text_(feature, "nummer")}`;
		case "manhole":
			return `Brunn ${text_(feature, "nummer")}`;
		case "water_pipe":
		case "sewer_pipe":
		case "storm_pipe":
			return `${text_(feature, "klass")} ${text_(feature, "dimension")} ${text_(feature, "material")}`;
		case "service_pipe":
			return `Servis ${text_(feature, "klass")} ${text_(feature, "dimension")}`;
		case "service_connection":
			return "Förbindelsepunkt";
		case "shore_protection":
			return "Strandskydd 100 m";
		case "ancient_remains":
			return "L2026:1234 Hyttlämning";
		default:
			return text_(feature, "name") || text_(feature, "namn") || dataset;
	}
}

const factTitles: Readonly<Record<string, readonly [sv: string, en: string, unit: string]>> = {
	kind: ["Typ", "Type", ""],
	nummer: ["Nummer", "Number", ""],
	typ: ["Typ", "Type", ""],
	lage: ["Läge", "Position", ""],
	normallage: ["Normalläge", "Normal position", ""],
	funktion: ["Funktion", "Function", ""],
	klass: ["Klass", "Class", ""],
	dimension: ["Dimension", "Dimension", "mm"],
	material: ["Material", "Material", ""],
	anlaggningsar: ["Anlagd", "Built", ""],
	status: ["Status", "Status", ""],
	lagesklass: ["Lägesklass", "Position class", ""],
	lagesfel_m: ["Lägesfel", "Position error", "m"],
	lock_ok: ["Lock helt", "Cover sound", ""],
	osakertlage: ["Osäkert läge", "Uncertain position", ""],
	zone: ["Zon", "Zone", ""],
	assessment: ["Bedömning", "Assessment", ""],
	uncertainty: ["Lägesosäkerhet", "Position uncertainty", "m"],
};

function factsOf(dataset: string, feature: TownFeature, isOwn: boolean): FactDto[] {
	return Object.entries(factTitles)
		.filter(([field]) => text_(feature, field) !== "" && !(dataset === "parcel" && field === "kind"))
		.map(([field, [sv, en, unit]]) => {
			const raw = text_(feature, field);
			const isFlag = typeof feature.properties[field] === "boolean";
			return {
				field,
				title: { sv, en },
				value: { sv: raw, en: raw },
				raw,
				valueType: isFlag ? "bool" : typeof feature.properties[field] === "number" ? "int" : "text",
				unit,
				ownEdit: isOwn && field === "funktion" ? "saved_here" : "",
			};
		});
}

function matches(label: string, words: readonly string[]): number[] {
	const pairs: number[] = [];
	let start = 0;
	for (const part of label.split(" ")) {
		const word = words.find((candidate) => part.toLocaleLowerCase("sv").startsWith(candidate));
		if (word) pairs.push(start, word.length);
		start += part.length + 1;
	}
	return pairs;
}

function coordinateHit(position: PointDto, system: string, note: string): HitDto {
	return {
		kind: "coordinate",
		dataset: "",
		id: "",
		label: `N ${Math.round(position.gridNM)} E ${Math.round(position.gridEM)}`,
		detail: system,
		municipality: "",
		position,
		distanceM: note === "" ? 320 : 48_000,
		matched: [],
		note,
		system,
		isOutside: note !== "",
	};
}

function summary(draft: DraftDto): DraftSummaryDto {
	return {
		id: draft.id,
		form: draft.form,
		title: draft.title,
		subjectLabel: draft.subjectLabel,
		savedAt: draft.savedAt,
		nAnswered: 2,
		nQuestions: 7,
		nPhotos: draft.photos.length,
		wasInterrupted: draft.wasInterrupted,
		position: draft.position,
	};
}

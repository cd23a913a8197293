import type { ChangeDto, DatasetDto, FormDto, SettingsDto, SyncDto } from "../bindings";
import { demoFilters } from "./fakeLayers";
import { pointOfGrid } from "./projection";

type Row = readonly [
	id: string,
	sv: string,
	en: string,
	singularSv: string,
	singularEn: string,
	role: string,
	group: string,
	minZoom: number,
	order: number,
	isVisible: boolean,
];

const rows: readonly Row[] = [
	["inspection", "Kontroller", "Inspections", "Kontroll", "Inspection", "inspection", "work", 10, 900, true],
	["hydrant", "Brandposter", "Hydrants", "Brandpost", "Hydrant", "hydrant", "va", 14, 610, true],
	["valve", "Ventiler", "Valves", "Ventil", "Valve", "valve", "va", 15, 600, true],
	[
		"service_connection",
		"Förbindelsepunkter",
		"Service connections",
		"Förbindelsepunkt",
		"Service connection",
		"service_connection",
		"va",
		16,
		590,
		true,
	],
	["manhole", "Brunnar", "Manholes", "Brunn", "Manhole", "manhole", "va", 16, 560, true],
	[
		"water_pipe",
		"Vattenledningar",
		"Water pipes",
		"Vattenledning",
		"Water pipe",
		"water_pipe",
		"va",
		13,
		540,
		true,
	],
	[
		"sewer_pipe",
		"Spillvattenledningar",
		"Sewers",
		"Spillvattenledning",
		"Sewer",
		"sewer_pipe",
		"va",
		13,
		520,
		true,
	],
	[
		"storm_pipe",
		"Dagvattenledningar",
		"Storm drains",
		"Dagvattenledning",
		"Storm drain",
		"storm_pipe",
		"va",
		13,
		510,
		true,
	],
	["service_pipe", "Serviser", "Service pipes", "Servis", "Service pipe", "other", "va", 16, 500, true],
	[
		"water_installation",
		"Vattenanläggningar",
		"Water installations",
		"Vattenanläggning",
		"Water installation",
		"water_source",
		"va",
		13,
		620,
		true,
	],
	[
		"ancient_remains",
		"Fornlämningar",
		"Ancient remains",
		"Fornlämning",
		"Ancient remain",
		"restriction_zone",
		"plans",
		12,
		410,
		false,
	],
	["plan", "Detaljplaner", "Plans", "Detaljplan", "Plan", "plan", "plans", 11, 400, false],
	[
		"plan_provision",
		"Planbestämmelser",
		"Plan provisions",
		"Planbestämmelse",
		"Provision",
		"plan_provision",
		"plans",
		14,
		390,
		false,
	],
	[
		"shore_protection",
		"Strandskydd",
		"Shore protection",
		"Strandskydd",
		"Shore protection",
		"restriction_zone",
		"plans",
		10,
		380,
		false,
	],
	[
		"protected_area",
		"Skyddade områden",
		"Protected areas",
		"Skyddat område",
		"Protected area",
		"restriction_zone",
		"plans",
		9,
		370,
		false,
	],
	[
		"va_service_area",
		"Verksamhetsområden VA",
		"Water service areas",
		"Verksamhetsområde VA",
		"Water service area",
		"restriction_zone",
		"plans",
		11,
		360,
		false,
	],
	["address", "Adresser", "Addresses", "Adress", "Address", "address", "property", 16, 700, true],
	["parcel", "Fastigheter", "Properties", "Fastighet", "Property", "parcel", "property", 13.5, 300, true],
	["building", "Byggnader", "Buildings", "Byggnad", "Building", "building", "property", 14, 200, true],
	["place", "Ortnamn", "Place names", "Ortnamn", "Place name", "place", "background", 8, 800, true],
	[
		"trakt",
		"Trakter och kvarter",
		"Districts and blocks",
		"Trakt",
		"District",
		"other",
		"background",
		14,
		320,
		true,
	],
	["road", "Vägar", "Roads", "Väg", "Road", "road", "background", 7, 120, true],
	["railway", "Järnväg", "Railway", "Järnväg", "Railway", "railway", "background", 9, 130, true],
	[
		"watercourse",
		"Vattendrag",
		"Watercourses",
		"Vattendrag",
		"Watercourse",
		"watercourse",
		"background",
		7,
		60,
		true,
	],
	["contour", "Höjdkurvor", "Contours", "Höjdkurva", "Contour", "other", "background", 11, 50, true],
	["land_cover", "Mark", "Land cover", "Mark", "Land", "land_cover", "background", 5, 20, true],
	[
		"municipality",
		"Kommuner",
		"Municipalities",
		"Kommun",
		"Municipality",
		"other",
		"background",
		7,
		10,
		true,
	],
];

const baseMapDatasets = ["trakt", "railway", "watercourse", "contour", "land_cover"];

/** What the invented laptop holds. Protected datasets come only with enrolment. */
export function demoDatasets(counts: Readonly<Record<string, number>>, isEnrolled: boolean): DatasetDto[] {
	return rows
		.filter((row) => isEnrolled || row[6] !== "va")
		.map(([id, sv, en, singularSv, singularEn, role, group, minZoom, order, visible]) => {
			const isVa = group === "va";
			const isOldZone = id === "ancient_remains";
			return {
				id,
				title: { sv, en },
				singular: { sv: singularSv, en: singularEn },
				role,
				class: isVa ? "protected" : group === "work" ? "internal" : "open",
				publisher: isVa
					? "BKT VA"
					: id === "ancient_remains"
						? "Riksantikvarieämbetet"
						: id === "shore_protection"
							? "Länsstyrelsen"
							: "Lantmäteriet",
				licence: isVa ? "intern" : "CC BY 4.0",
				accuracy: isVa ? "läge ± 0,5 m" : id === "parcel" ? "gräns ± 0,1 m" : "± 1 m",
				dataDate: group === "work" ? null : isVa ? "2026-05-18" : isOldZone ? "2026-02-14" : "2026-05-12",
				ageDays: group === "work" ? null : isVa ? 1 : isOldZone ? 94 : 7,
				isOld: isOldZone,
				leaseUntil: isVa ? "2026-05-26T10:00:00Z" : null,
				nFeatures: counts[id] ?? 0,
				group,
				minZoom,
				visible,
				order,
				packaging: baseMapDatasets.includes(id) ? "base_map" : "features",
				isMissing: false,
				filters: [...(demoFilters[id] ?? [])],
			};
		});
}

export const demoForms: readonly FormDto[] = [
	{
		id: "ventilmotionering",
		version: "1",
		title: { sv: "Ventilmotionering", en: "Valve exercise" },
		action: { sv: "Motionera", en: "Exercise" },
		body: "BKT",
		subjectRoles: ["valve"],
	},
	{
		id: "arbetsplatsbesok",
		version: "1",
		title: { sv: "Arbetsplatsbesök", en: "Site visit" },
		action: { sv: "Nytt arbetsplatsbesök", en: "New site visit" },
		body: "BMB",
		subjectRoles: ["parcel", "building", "address"],
	},
];

export function demoSettings(): SettingsDto {
	return {
		language: "sv",
		mode: "sol",
		textSizePct: 100,
		gloves: false,
		reducedMotion: false,
		letterKeys: true,
		shownCrs: "grid",
		layersOn: [],
		layersOff: [],
		view: null,
		panels: "",
		layerOrder: [],
		themes: [],
		filters: [],
		measures: [],
	};
}

/** Today of the invented laptop, so that pictures do not change with the calendar. */
export const DEMO_DAY = "2026-05-19";

const at = (time: string) => `${DEMO_DAY}T${time}:00`;

export function demoSync(state: string): SyncDto {
	const calm: SyncDto = {
		state: "received",
		lastReceivedAt: at("10:41"),
		offlineSince: null,
		nSavedHere: 0,
		nSent: 0,
		nToSend: 0,
		nPhotosLeft: 0,
		nToDecide: 0,
		errorCode: "",
		nextTryS: null,
		tileVersion: 1,
		dataVersion: 1,
	};
	switch (state) {
		case "offline":
			return {
				...calm,
				state,
				offlineSince: at("08:12"),
				nSavedHere: 3,
				errorCode: "server_unreachable",
				nextTryS: 120,
			};
		case "sending":
			return { ...calm, state, nSent: 4, nToSend: 11, nPhotosLeft: 2 };
		case "attention":
			return { ...calm, state, nToDecide: 1 };
		case "signed_out":
			return { ...calm, state, errorCode: "signed_out", nSavedHere: 2 };
		case "bundle":
			return { ...calm, state, lastReceivedAt: null };
		default:
			return calm;
	}
}

const change = (
	id: string,
	kind: string,
	title: string,
	detail: string,
	time: string,
	state: string,
	xM: number,
	yM: number,
	nPhotos = 0,
	feature: readonly [dataset: string, id: string] = ["", ""],
): ChangeDto => ({
	id,
	kind,
	title,
	detail,
	at: at(time),
	state,
	reason: "",
	waitsFor: "",
	dataset: feature[0],
	feature: feature[1],
	nPhotos,
	position: pointOfGrid(152_000 + xM, 6_600_877 - yM),
});

/** Own work of the invented laptop: one to decide, three here, three received, the rest secured. */
export function demoChanges(): ChangeDto[] {
	return [
		change(
			"c1",
			"edit",
			"Ventil AV-118",
			"Läge, status och datum: två olika värden",
			"07:48",
			"conflict",
			165,
			374,
			0,
			["valve", "v118"],
		),
		change(
			"c2",
			"inspection",
			"Ventil AV-121",
			"Motionerad · 18 varv, fungerar",
			"10:52",
			"saved_here",
			330,
			336,
			0,
			["valve", "v121"],
		),
		change("c3", "edit", "Ventil AV-124", "Ny status: trög · 2 foton", "10:47", "saved_here", 338, 366, 2, [
			"valve",
			"v124",
		]),
		change(
			"c4",
			"draft",
			"Arbetsplatsbesök A3-017",
			"Utkast · 2 av 7 besvarade · 2 foton",
			"10:44",
			"saved_here",
			76,
			480,
			2,
		),
		change(
			"c5",
			"inspection",
			"Brandpost BP 14",
			"Kontrollerad · 1 240 l/min",
			"08:04",
			"received",
			205,
			254,
			0,
			["hydrant", "hydrant-5"],
		),
		change("c6", "edit", "Nedstigningsbrunn SNB-77", "Läge rättat 0,84 m", "08:01", "received", 429, 146),
		change("c7", "edit", "Ventil AV-133", "Betäckning frilagd · 1 foto", "07:52", "received", 56, 330, 1),
		...["Ventil AV-131", "Brandpost BP 11", "Ventil AV-140", "Ventil AV-142", "Brunn DNB-52"].map(
			(title, index) =>
				change(
					`s${index}`,
					"inspection",
					title,
					"Kontrollerad · utan avvikelse",
					`07:${30 - index}`,
					"secured",
					300 + index * 40,
					125 + index * 9,
					index === 0 ? 1 : 0,
				),
		),
	];
}

/** Own work that waits for something else, and why. */
export function demoWaiting(): ChangeDto[] {
	return [
		{
			...change("w1", "inspection", "Kontroll brunn SNB-77", "Utan avvikelse", "09:40", "parked", 429, 146),
			reason: "missing_parent",
			waitsFor: "Brunn SNB-77",
		},
		{
			...change("w2", "edit", "Ventil AV-140", "Läge: Stängd", "09:12", "quarantined", 80, 420),
			reason: "unpermitted",
		},
		{
			...change("w3", "edit", "Brandpost BP 22", "Flöde: 980 l/min", "09:05", "received", 20, 300),
			reason: "left_area",
		},
	];
}

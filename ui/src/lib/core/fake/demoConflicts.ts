import type {
	AuthorDto,
	ClashDto,
	ClashValueDto,
	ConflictCardDto,
	ConflictRowDto,
	FieldValueDto,
	HistoryRowDto,
	PointDto,
	ShapeDto,
	TitleDto,
} from "../bindings";
import { DEMO_DAY } from "./demo";
import { pointOfGrid } from "./projection";

const demoKinds = ["fields", "edited", "deleted", "number", "group", "line", "others"] as const;
/** The disagreements that the invented laptop may have. */
export type DemoConflict = (typeof demoKinds)[number];

/** Whether a word names one. */
export function isDemoConflict(word: string): word is DemoConflict {
	return demoKinds.some((kind) => kind === word);
}

/** Where the pictures' town lies on the grid. */
const at = (xM: number, yM: number): PointDto => pointOfGrid(152_000 + xM, 6_600_877 - yM);
const both = (text: string): TitleDto => ({ sv: text, en: text });
const value = (raw: string | null, text: TitleDto = both(raw ?? "")): ClashValueDto => ({
	raw,
	text,
	shape: null,
});
const place = (shape: ShapeDto): ClashValueDto => ({ raw: null, text: both(""), shape });

const me: AuthorDto = { user: "Fälttekniker Ett", device: "VA-bil 3", at: `${DEMO_DAY}T07:48:00` };
const operations: AuthorDto = { user: "VA drift", device: "VA-bil 1", at: "2026-05-18T14:20:00" };

function pointShape(
	position: PointDto,
	accuracyM: number | null,
	moved: readonly [number, string] | null,
): ShapeDto {
	return {
		geometryJson: JSON.stringify({ type: "Point", coordinates: [position.lonDeg, position.latDeg] }),
		position,
		lengthM: null,
		areaM2: null,
		accuracyM,
		moved: moved && { distanceM: moved[0], direction: moved[1] },
	};
}

function lineShape(
	bend: readonly (readonly [number, number])[],
	lengthM: number,
	moved: ShapeDto["moved"],
): ShapeDto {
	const points = bend.map(([xM, yM]) => at(xM, yM));
	const position = points[Math.floor(points.length / 2)] ?? at(0, 0);
	return {
		geometryJson: JSON.stringify({
			type: "LineString",
			coordinates: points.map((point) => [point.lonDeg, point.latDeg]),
		}),
		position,
		lengthM,
		areaM2: null,
		accuracyM: null,
		moved,
	};
}

function clash(
	part: Pick<ClashDto, "field" | "title" | "base" | "store" | "candidate"> & Partial<ClashDto>,
): ClashDto {
	return { valueType: "text", unit: "", codes: [], ...part };
}

function row(key: string, ...fields: readonly ClashDto[]): ConflictRowDto {
	return { conflict: `conflict-${key}-${fields[0]?.field ?? ""}`, key, kind: "field", fields: [...fields] };
}

function card(
	part: Pick<ConflictCardDto, "feature" | "title" | "kind" | "rows"> & Partial<ConflictCardDto>,
): ConflictCardDto {
	return {
		dataset: "valve",
		singular: { sv: "Avstängningsventil", en: "Shut-off valve" },
		merged: [],
		storeBy: operations,
		candidateBy: me,
		isMine: true,
		other: null,
		bounds: null,
		position: null,
		...part,
		rows: part.rows.map((one) => ({ ...one, kind: part.kind })),
	};
}

function boundsOf(...points: readonly PointDto[]): ConflictCardDto["bounds"] {
	const lons = points.map((point) => point.lonDeg);
	const lats = points.map((point) => point.latDeg);
	return {
		westDeg: Math.min(...lons),
		eastDeg: Math.max(...lons),
		southDeg: Math.min(...lats),
		northDeg: Math.max(...lats),
	};
}

const works: readonly [string, string, string][] = [
	["fungerar", "Fungerar", "Works"],
	["trög", "Trög", "Stiff"],
	["ej stängbar", "Ej stängbar", "Cannot close"],
	["okänd", "Okänd", "Unknown"],
];
const workCodes = works.map(([code, sv, en]) => ({ code, title: { sv, en } }));
const working = (code: string): ClashValueDto => {
	const known = works.find(([one]) => one === code);
	return value(code, known ? { sv: known[1], en: known[2] } : both(code));
};

const functionTitle: TitleDto = { sv: "Funktion", en: "Function" };
const exercised: TitleDto = { sv: "Senast motionerad", en: "Last exercised" };
const turns: TitleDto = { sv: "Antal varv", en: "Turns" };

function functionClash(): ClashDto {
	return clash({
		field: "funktion",
		title: functionTitle,
		codes: workCodes,
		base: working("fungerar"),
		store: working("trög"),
		candidate: working("fungerar"),
	});
}

function fields(): ConflictCardDto {
	const [base, theirs, mine] = [at(176, 369), at(170, 363), at(160.5, 369)];
	return card({
		feature: "v118",
		title: "Ventil AV-118",
		kind: "field",
		rows: [
			row(
				"geometry",
				clash({
					field: "geometry",
					title: both(""),
					valueType: "geometry",
					base: place(pointShape(base, 2, null)),
					store: place(pointShape(theirs, 0.3, [8.1, "nw"])),
					candidate: place(pointShape(mine, 0.02, [15.5, "w"])),
				}),
			),
			row("funktion", functionClash()),
			row(
				"group:exercise",
				clash({
					field: "senast_motionerad",
					title: exercised,
					valueType: "date",
					base: value("2021-06-10"),
					store: value("2026-05-18"),
					candidate: value("2026-05-19"),
				}),
				clash({
					field: "antal_varv",
					title: turns,
					valueType: "int",
					base: value("18"),
					store: value("11"),
					candidate: value("18"),
				}),
			),
		],
		merged: [
			{
				field: "betackning",
				title: { sv: "Betäckning", en: "Cover" },
				valueType: "text",
				unit: "",
				value: value("frilagd"),
			},
			{
				field: "fabrikat",
				title: { sv: "Fabrikat", en: "Make" },
				valueType: "text",
				unit: "",
				value: value("AVK"),
			},
		],
		bounds: boundsOf(base, theirs, mine),
		position: mine,
	});
}

function edited(): ConflictCardDto {
	return card({
		feature: "v121",
		title: "Ventil AV-121",
		kind: "edited_vs_deleted",
		rows: [row("*", { ...functionClash(), candidate: working("ej stängbar") })],
		position: at(330, 336),
	});
}

function deleted(): ConflictCardDto {
	const old = functionClash();
	return card({
		feature: "v124",
		title: "Ventil AV-124",
		kind: "deleted_vs_edited",
		rows: [row("*", { ...old, candidate: value(null) })],
		position: at(338, 366),
	});
}

function number(): ConflictCardDto {
	return card({
		feature: "v131",
		title: "Ventil AV-131",
		kind: "duplicate_key",
		rows: [
			row(
				"nummer",
				clash({
					field: "nummer",
					title: { sv: "Nummer", en: "Number" },
					base: value(null),
					store: value("AV-131"),
					candidate: value("AV-131"),
				}),
			),
		],
		other: { dataset: "valve", id: "v133", title: "Ventil AV-131", position: at(56, 330) },
		position: at(300, 125),
		bounds: boundsOf(at(300, 125), at(56, 330)),
	});
}

function group(): ConflictCardDto {
	return card({
		feature: "water_pipe-1",
		dataset: "water_pipe",
		singular: { sv: "Vattenledning", en: "Water pipe" },
		title: "V 110 SEG",
		kind: "group",
		rows: [
			row(
				"*",
				clash({
					field: "material",
					title: { sv: "Material", en: "Material" },
					base: value("SEG"),
					store: value("PE"),
					candidate: value("SEG"),
				}),
				clash({
					field: "dimension",
					title: { sv: "Dimension", en: "Dimension" },
					valueType: "int",
					unit: "mm",
					base: value("110"),
					store: value("160"),
					candidate: value("90"),
				}),
			),
		],
		position: at(250, 380),
	});
}

function line(): ConflictCardDto {
	const base = lineShape(
		[
			[120, 392],
			[180, 388],
			[250, 384],
		],
		130.3,
		null,
	);
	const theirs = lineShape(
		[
			[120, 392],
			[180, 380],
			[250, 384],
		],
		131.6,
		{ distanceM: 8, direction: "" },
	);
	const mine = lineShape(
		[
			[120, 392],
			[182, 398],
			[250, 384],
		],
		131.7,
		{ distanceM: 10.2, direction: "" },
	);
	return card({
		feature: "water_pipe-1",
		dataset: "water_pipe",
		singular: { sv: "Vattenledning", en: "Water pipe" },
		title: "V 110 SEG Exempelhyttan-Långskogsbergsallmänningen GA:1234",
		kind: "field",
		rows: [
			row(
				"geometry",
				clash({
					field: "geometry",
					title: both(""),
					valueType: "geometry",
					base: place(base),
					store: place(theirs),
					candidate: place(mine),
				}),
			),
		],
		bounds: boundsOf(at(120, 380), at(250, 398)),
		position: base.position,
	});
}

function others(): ConflictCardDto {
	return card({
		feature: "hydrant-5",
		dataset: "hydrant",
		singular: { sv: "Brandpost", en: "Hydrant" },
		title: "Brandpost BP 14",
		kind: "field",
		isMine: false,
		candidateBy: { user: "Räddningstjänsten", device: "RT-1", at: "2026-05-18T16:02:00" },
		rows: [
			row(
				"flode",
				clash({
					field: "flode",
					title: { sv: "Flöde", en: "Flow" },
					valueType: "int",
					unit: "l/min",
					base: value("1200"),
					store: value("1240"),
					candidate: value("900"),
				}),
			),
		],
		position: at(205, 254),
	});
}

/** The cards of some disagreements, in the order asked for. */
export function demoConflicts(kinds: readonly DemoConflict[]): ConflictCardDto[] {
	const make: Readonly<Record<DemoConflict, () => ConflictCardDto>> = {
		fields,
		edited,
		deleted,
		number,
		group,
		line,
		others,
	};
	return kinds.map((kind) => make[kind]());
}

/** What has happened to a valve of the invented town. */
export function demoHistory(): HistoryRowDto[] {
	const field = (id: string, title: TitleDto, shown: ClashValueDto, valueType = "text"): FieldValueDto => ({
		field: id,
		title,
		valueType,
		unit: "",
		value: shown,
	});
	const event = (kind: string, by: AuthorDto | null, fields: FieldValueDto[]): HistoryRowDto => ({
		by,
		kind,
		fields,
		ownState: "",
		isMerged: false,
		note: "",
	});
	return [
		{
			...event("decided", { ...me, at: `${DEMO_DAY}T10:52:00` }, [
				field("funktion", functionTitle, working("trög")),
			]),
			ownState: "saved_here",
			note: "Provade igen på plats",
		},
		{
			...event("changed", me, [field("antal_varv", turns, value("18"), "int")]),
			ownState: "received",
			isMerged: true,
		},
		event("changed", operations, [field("funktion", functionTitle, working("trög"))]),
		event("changed", null, [field("senast_motionerad", exercised, value("2021-06-10"), "date")]),
	];
}

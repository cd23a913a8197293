import type {
	AppliesDto,
	AppliesRowDto,
	LoadAppliesInput,
	PointDto,
	ProvisionDto,
	SearchedDto,
	TitleDto,
	UnansweredDto,
} from "../bindings";
import { designation } from "./fakeLabels";
import { pointAt } from "./projection";
import { Refusal } from "./refusal";
import { allOf, boundsOf, corners, distanceM, featureOf, pointOn, type Town, type TownFeature } from "./town";

/** How far away a zone may lie and still be near. */
const NEAR_M = 200;

const title = (sv: string, en: string): TitleDto => ({ sv, en });
const none = title("", "");

/** What an invented zone says, and where its number shall stand as seen from the place: metres east and north. */
interface Told {
	readonly dataset: string;
	readonly subject: TitleDto;
	readonly title: string;
	readonly lines: readonly TitleDto[];
	readonly provisions: readonly ProvisionDto[];
	readonly publisher: string;
	readonly dataDate: string;
	readonly legalVersion: TitleDto;
	readonly accuracy: string;
	readonly ageDays: number;
	readonly isOld?: boolean;
	readonly markEastM: number;
	readonly markNorthM: number;
}

const provision = (
	id: string,
	code: string,
	text: string,
	kind: ProvisionDto["kind"],
	sharePct: number | null = null,
): ProvisionDto => ({ dataset: "plan_provision", id, code, text, kind, sharePct });

const zones: readonly Told[] = [
	{
		dataset: "plan",
		subject: title("Detaljplan", "Plan"),
		title: "Detaljplan Hyttstranden",
		lines: [],
		provisions: [
			provision("plan_provision-1", "B", "bostäder", "use"),
			provision("plan_provision-2", "e1", "byggnadsarea högst 200 m²", "property"),
			provision("plan_provision-3", "", "Prickmark", "property", 23),
		],
		publisher: "DP-0417, Nora kommun",
		dataDate: "2026-05-12",
		legalVersion: title("laga kraft 2019-06-14", "in force 2019-06-14"),
		accuracy: "",
		ageDays: 7,
		markEastM: 119,
		markNorthM: 150,
	},
	{
		dataset: "shore_protection",
		subject: title("Strandskydd", "Shore protection"),
		title: "Strandskydd 100 m",
		lines: [
			title(
				"Landområde. Lagret följer reglerna från 1 juli 2025.",
				"Land. The layer follows the rules of 1 July 2025.",
			),
		],
		provisions: [],
		publisher: "Länsstyrelsen",
		dataDate: "2026-04-02",
		legalVersion: none,
		accuracy: "",
		ageDays: 47,
		markEastM: -83,
		markNorthM: -32,
	},
	{
		dataset: "va_service_area",
		subject: title("Verksamhetsområde VA", "Water service area"),
		title: "Verksamhetsområde VA",
		lines: [title("Vatten, spillvatten och dagvatten", "Water, sewage and storm water")],
		provisions: [],
		publisher: "Egen data",
		dataDate: "2026-05-18",
		legalVersion: none,
		accuracy: "",
		ageDays: 1,
		markEastM: -160,
		markNorthM: 90,
	},
	{
		dataset: "ancient_remains",
		subject: title("Fornlämning", "Ancient remain"),
		title: "Hyttlämning",
		lines: [title("Okända lämningar skyddas också.", "Unknown remains are protected too.")],
		provisions: [],
		publisher: "Kulturmiljöregistret, RAÄ",
		dataDate: "2026-03-30",
		legalVersion: none,
		accuracy: "läge ± 20 m",
		ageDays: 50,
		markEastM: 169,
		markNorthM: 35,
	},
];

const searched = (sv: string, en: string, dataset: string, dataDate: string): SearchedDto => ({
	subject: title(sv, en),
	datasets: [dataset],
	dataDate,
});

const quiet: readonly SearchedDto[] = [
	searched("Vattenskyddsområde", "Water protection area", "protected_area", "2026-05-12"),
	searched("Naturreservat", "Nature reserve", "protected_area", "2026-05-12"),
	searched("Natura 2000", "Natura 2000", "protected_area", "2026-05-12"),
	searched("Förorenad mark", "Contaminated land", "contaminated_land", "2026-04-20"),
	searched("Riksintresse", "National interest", "national_interest", "2026-03-30"),
	searched("Ledningsrätt", "Utility easement", "easement", "2026-05-12"),
];

const slides: UnansweredDto = {
	subject: title("Skred och ras", "Landslides"),
	reason: "missing",
	dataDate: null,
	ageDays: null,
	legalFrom: null,
};

/** What the invented laptop cannot answer; `poor` is one whose layers are old, locked or behind the law. */
const unanswered = (isPoor: boolean): UnansweredDto[] =>
	isPoor
		? [
				slides,
				{
					subject: title("Strandskydd", "Shore protection"),
					reason: "outdated_rules",
					dataDate: "2025-05-02",
					ageDays: 382,
					legalFrom: "2025-07-01",
				},
				{
					subject: title("Fornlämningar", "Ancient remains"),
					reason: "old",
					dataDate: "2025-04-14",
					ageDays: 400,
					legalFrom: null,
				},
				{
					subject: title("Verksamhetsområde VA", "Water service area"),
					reason: "locked",
					dataDate: "2026-05-18",
					ageDays: 1,
					legalFrom: null,
				},
			]
		: [slides];

const bearings = ["n", "ne", "e", "se", "s", "sw", "w", "nw"] as const;

/** What applies to a parcel of the invented town, or at a point in it. */
export function appliesAt(town: Town, input: LoadAppliesInput, isPoor: boolean): AppliesDto | Refusal {
	const { dataset, feature, lonDeg, latDeg } = input;
	const asked = feature === "" ? undefined : featureOf(town, dataset, feature);
	if (feature !== "" && !asked) return new Refusal({ code: "feature_not_found" });
	if (!asked && (lonDeg === null || latDeg === null))
		return new Refusal({ code: "invalid_input", field: "lonDeg" });
	const at = asked ? pointOn(asked.geometry) : pointAt(lonDeg ?? 0, latDeg ?? 0);
	const parcel = asked ?? allOf(town, "parcel").find((one) => covers(one, at));
	const silent = isPoor ? ["shore_protection", "ancient_remains", "va_service_area"] : [];
	const rows = zones
		.filter((told) => !silent.includes(told.dataset))
		.flatMap((told) => allOf(town, told.dataset).flatMap((zone) => rowOf(told, zone, asked, at)));
	const numbered = [
		...rows.filter((row) => row.relation !== "within"),
		...rows.filter((row) => row.relation === "within"),
	].map((row, index) => ({ ...row, number: index + 1 }));
	return {
		title: parcel ? designation(parcel) : "",
		municipality: "Nora",
		dataset: asked ? dataset : "",
		feature: asked ? feature : "",
		at,
		bounds: asked
			? boundsOf(asked.geometry)
			: boundsOf({ type: "Point", coordinates: [at.lonDeg, at.latDeg] }),
		concerns: numbered.filter((row) => row.relation !== "within"),
		near: numbered.filter((row) => row.relation === "within"),
		nMore: 0,
		noHit: [...quiet],
		noAnswer: unanswered(isPoor),
		oldestDate: "2026-03-30",
	};
}

const covers = (feature: TownFeature, at: PointDto) =>
	distanceM(feature.geometry, at.lonDeg, at.latDeg) === 0;

/** The row of a zone; none when it lies too far away. */
function rowOf(
	told: Told,
	zone: TownFeature,
	parcel: TownFeature | undefined,
	at: PointDto,
): AppliesRowDto[] {
	const points = parcel ? corners(parcel.geometry).map(([lon = 0, lat = 0]) => pointAt(lon, lat)) : [at];
	const nCovered = points.filter((point) => covers(zone, point)).length;
	const own = pointOn(zone.geometry);
	const away =
		zone.geometry.type === "Point" && parcel
			? distanceM(parcel.geometry, own.lonDeg, own.latDeg)
			: Math.min(...points.map((point) => distanceM(zone.geometry, point.lonDeg, point.latDeg)));
	if (away > NEAR_M) return [];
	const relation = nCovered === points.length ? "inside" : nCovered > 0 ? "partly" : "within";
	const { dataset, subject, title: name, publisher, dataDate, legalVersion, accuracy, ageDays } = told;
	const mark = markOf(zone, at, told.markEastM, told.markNorthM);
	return [
		{
			number: 0,
			dataset,
			id: String(zone.properties["id"]),
			subject,
			title: name,
			relation,
			sharePct: relation === "partly" ? (100 * nCovered) / points.length : null,
			distanceM: relation === "within" ? away : 0,
			direction: relation === "within" ? bearingTo(at, zone.geometry.type === "Point" ? own : mark) : "",
			lines: [...told.lines],
			distances: [],
			provisions: parcel ? [...told.provisions] : told.provisions.map((one) => ({ ...one, sharePct: null })),
			publisher,
			dataDate,
			legalVersion,
			accuracy,
			ageDays,
			isOld: told.isOld ?? false,
			mark,
			bounds: boundsOf(zone.geometry),
		},
	];
}

/** Where a zone has its number: at the wished place, or at the corner of the zone that is nearest to it. */
function markOf(zone: TownFeature, at: PointDto, eastM: number, northM: number): PointDto {
	const lonDeg = at.lonDeg + eastM / (111_320 * Math.cos((at.latDeg * Math.PI) / 180));
	const wished = pointAt(lonDeg, at.latDeg + northM / 111_320);
	// A zone with a fill has its number in the fill, an outline on itself.
	const isFilled = zone.properties["name"] === undefined;
	if (zone.geometry.type === "Point" || (isFilled && covers(zone, wished))) return wished;
	const away = ([lon = 0, lat = 0]: GeoJSON.Position) => Math.hypot((lon - lonDeg) / 2, lat - wished.latDeg);
	const [lon = 0, lat = 0] = corners(zone.geometry).sort((a, b) => away(a) - away(b))[0] ?? [];
	return pointAt(lon, lat);
}

function bearingTo(from: PointDto, to: PointDto): string {
	const turn = Math.atan2(to.gridEM - from.gridEM, to.gridNM - from.gridNM) / (Math.PI / 4);
	return bearings[(Math.round(turn) + 8) % 8] ?? "";
}

import type {
	ConsoleDatasetImportDto,
	ConsoleDeliveryDto,
	ConsoleProblemDto,
	ConsoleProblemExampleDto,
} from "../bindings";

/** Eight invented deliveries, one for each thing that can become of one. */
export function demoDeliveries(): ConsoleDeliveryDto[] {
	return [
		delivery(412, "fastighetsindelning_kn1884.gpkg", 38, "2026-05-19T06:02:00", {
			state: "review",
			nLaptops: 24,
			nBytesEach: 1_900_000,
			nOpenCases: 2,
			datasets: [brought("parcel", "Fastighetsindelning", 35_214, 118, 402, 37, parcelProblems())],
		}),
		delivery(411, "belagenhetsadresser_fyra_kommuner_2026-05-19.gpkg", 9, "2026-05-19T06:03:00", {
			state: "checking",
			progressPct: 64,
			foundCrs: "",
		}),
		delivery(410, "va_ledningsnat.gpkg", 22, "2026-05-18T16:40:00", {
			state: "published",
			publishedAt: "2026-05-18T17:02:00",
			canUndo: true,
			foundCrs: "SWEREF 99 15 00",
			nLaptops: 6,
			nBytesEach: 640_000,
			nOpenCases: 1,
			datasets: [
				brought("water_pipe", "Vattenledningar", 9_120, 6, 118, 2, []),
				brought("sewer_pipe", "Spillvattenledningar", 5_204, 4, 81, 1, [
					problem("unknown_code", [example(12, "S-2041", "material: PPX", null)]),
				]),
				brought("valve", "Ventiler", 4_318, 2, 32, 1, []),
			],
		}),
		delivery(409, "detaljplaner_1864.geojson", 4, "2026-05-18T09:15:00", {
			state: "published",
			publishedAt: "2026-05-18T09:40:00",
			nLaptops: 24,
			nBytesEach: 12_000,
			datasets: [brought("plan", "Detaljplaner", 214, 1, 3, 0, [])],
		}),
		delivery(408, "strandskydd_18.zip", 11, "2026-05-12T08:30:00", {
			state: "stopped",
			code: "wrong_zone",
			facts: { declared: "SWEREF 99 15 00", fits: "SWEREF 99 TM", fits_epsg: "3006" },
		}),
		delivery(407, "byggnad_fyra_kommuner.gpkg", 61, "2026-05-12T06:05:00", {
			state: "published",
			publishedAt: "2026-05-12T07:10:00",
			nLaptops: 24,
			nBytesEach: 2_300_000,
			datasets: [brought("building", "Byggnader", 56_310, 87, 240, 51, buildingProblems())],
		}),
		delivery(406, "nvdb_vagar.gpkg", 48, "2026-05-11T22:10:00", {
			state: "published",
			publishedAt: "2026-05-12T07:12:00",
			nLaptops: 24,
			nBytesEach: 3_100_000,
			datasets: [brought("road", "Vägar (NVDB)", 41_775, 60, 512, 8, [])],
		}),
		delivery(401, "skyddade_omraden_18.gpkg", 6, "2026-05-04T06:00:00", {
			state: "replaced",
			publishedAt: "2026-05-04T07:30:00",
			nLaptops: 24,
			datasets: [brought("protected_area", "Skyddade områden", 388, 0, 2, 0, [])],
		}),
	];
}

/** One more delivery, as the store answers for a file that it has just taken. */
export function received(number: number, name: string, nBytes: number, at: string): ConsoleDeliveryDto {
	return delivery(number, name, nBytes / 1_000_000, at, { state: "checking", foundCrs: "" });
}

function delivery(
	number: number,
	name: string,
	megabytes: number,
	receivedAt: string,
	rest: Partial<ConsoleDeliveryDto> & Pick<ConsoleDeliveryDto, "state">,
): ConsoleDeliveryDto {
	return {
		id: `d${number}`,
		number,
		name,
		format: name.slice(name.lastIndexOf(".") + 1),
		nBytes: megabytes * 1_000_000,
		receivedAt,
		by: "Karin Berg",
		progressPct: 100,
		code: "",
		facts: {},
		publishedAt: null,
		canUndo: false,
		foundCrs: "SWEREF 99 TM",
		storeCrs: "SWEREF 99 15 00",
		nLaptops: 0,
		nBytesEach: null,
		nOpenCases: 0,
		datasets: [],
		...rest,
	};
}

function brought(
	dataset: string,
	title: string,
	nRead: number,
	nNew: number,
	nChanged: number,
	nGone: number,
	problems: ConsoleProblemDto[],
): ConsoleDatasetImportDto {
	const sum = (of: (it: ConsoleProblemDto) => boolean) =>
		problems.filter(of).reduce((total, it) => total + it.count, 0);
	const nRefused = sum((it) => it.code === "duplicate_identity");
	return {
		dataset,
		title: { sv: title, en: title },
		nRead,
		nNew,
		nChanged,
		nUnchanged: nRead - nNew - nChanged - nRefused,
		nGone,
		nFlagged: sum((it) => it.code !== "duplicate_identity"),
		nRefused,
		nConflicts: 0,
		dataDate: "2026-05-12",
		problems,
	};
}

function problem(
	code: string,
	examples: ConsoleProblemExampleDto[],
	count = examples.length,
): ConsoleProblemDto {
	return { code, count, isBlocking: false, examples };
}

function example(
	row: number,
	label: string,
	text: string,
	at: readonly [eastingM: number, northingM: number] | null,
): ConsoleProblemExampleDto {
	return { row, label, text, eastingM: at?.[0] ?? null, northingM: at?.[1] ?? null };
}

/** The seven of the picture, where the picture has them. */
function parcelProblems(): ConsoleProblemDto[] {
	return [
		problem("self_intersection", [
			example(1_204, "Exempelhyttan 1:5", "", [152_143, 6_600_379]),
			example(1_217, "Exempelhyttan 1:6", "", [152_165, 6_600_371]),
			example(9_341, "Exempelhyttan-Långskogsbergsallmänningen GA:1234", "", [152_089, 6_600_449]),
			example(20_018, "Rosen 11", "", [152_243, 6_600_399]),
		]),
		problem("unknown_code", [
			example(22_411, "Rosen 12", "objekttyp: fastighett", [152_423, 6_600_489]),
			example(22_412, "Rosen 13", "objekttyp: fastighett", [152_439, 6_600_497]),
		]),
		problem("missing_required", [example(31_006, "Provhyttan 19:27", "kommunkod", [152_593, 6_600_389])]),
	];
}

function buildingProblems(): ConsoleProblemDto[] {
	const twenty = Array.from({ length: 20 }, (_, idx) => example(100 + 7 * idx, "", `2061-${idx}`, null));
	return [
		problem("duplicate_identity", twenty, 61),
		{ code: "missing_column", count: 1, isBlocking: false, examples: [example(0, "", "husnummer", null)] },
	];
}

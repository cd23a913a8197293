import type {
	DatasetDto,
	MeasureDto,
	MeasurePlacesInput,
	MeasuredPlaceDto,
	PointDto,
	PointedDto,
	SelectFeaturesInput,
	SelectedRowDto,
	SelectionDto,
} from "../bindings";
import { labelOf } from "./fakeLabels";
import { pointAt } from "./projection";
import { Refusal } from "./refusal";
import { allOf, boundsOf, corners, distanceM, pointOn, type Town } from "./town";

/** The most rows that are told. */
const N_ROWS = 300;

/** Measures as the core does, near enough for pictures and tests of the interface. */
export function measureOf(
	town: Town,
	datasets: readonly DatasetDto[],
	input: MeasurePlacesInput,
): MeasureDto {
	const places = input.points.map((point) => placeOf(town, datasets, input.datasets, point));
	const at = places.map((place) => place.at);
	const legsM = at.slice(1).map((point, index) => apart(at[index] ?? point, point));
	const last = at.at(-1);
	const plain: MeasureDto = {
		state: "too_few",
		reason: "",
		value: null,
		aroundM: null,
		lowM: null,
		highM: null,
		nearest: null,
		source: null,
		places,
		legsM,
		accuracyM: Math.max(0, ...places.map((place) => place.accuracyM)),
	};
	if (!last) return plain;
	switch (input.kind) {
		case "area":
			return areaOf(plain, at);
		case "boundary":
			return boundaryOf(town, plain, last);
		case "height":
			return {
				...plain,
				state: "height",
				value: 127.4,
				lowM: 125,
				highM: 130,
				accuracyM: 2.5,
				source: sourceOf("contour", "", "Lantmäteriet", "2026-01-01", "± 2 m"),
			};
		default:
			if (at.length < 2) return plain;
			return { ...plain, state: "length", value: legsM.reduce((sum, leg) => sum + leg, 0) };
	}
}

function placeOf(
	town: Town,
	datasets: readonly DatasetDto[],
	shown: readonly string[],
	{ lonDeg, latDeg, snapM, accuracyM }: PointedDto,
): MeasuredPlaceDto {
	const free = { at: pointAt(lonDeg, latDeg), heldBy: "", label: "", accuracyM, isOutside: false };
	if (snapM === 0) return free;
	let best: { at: PointDto; label: string; offM: number } | null = null;
	for (const { id, packaging } of datasets) {
		if (!shown.includes(id) || packaging === "base_map") continue;
		for (const feature of allOf(town, id))
			for (const [lon = 0, lat = 0] of corners(feature.geometry)) {
				const at = pointAt(lon, lat);
				const offM = apart(at, free.at);
				if (offM <= snapM && offM < (best?.offM ?? Number.POSITIVE_INFINITY))
					best = { at, label: labelOf(id, feature), offM };
			}
	}
	return best ? { ...free, at: best.at, heldBy: "vertex", label: best.label, accuracyM: 0.1 } : free;
}

function areaOf(plain: MeasureDto, at: readonly PointDto[]): MeasureDto {
	if (at.length < 3) return plain;
	if (crosses(at)) return { ...plain, state: "crosses" };
	const pairs = at.map((point, index) => [point, at[(index + 1) % at.length] ?? point] as const);
	const twice = pairs.reduce(
		(sum, [a, b]) =>
			sum + (a.gridEM - 150_000) * (b.gridNM - 6_600_000) - (b.gridEM - 150_000) * (a.gridNM - 6_600_000),
		0,
	);
	const aroundM = pairs.reduce((sum, [a, b]) => sum + apart(a, b), 0);
	return { ...plain, state: "area", value: Math.abs(twice) / 2, aroundM };
}

function boundaryOf(town: Town, plain: MeasureDto, at: PointDto): MeasureDto {
	const parcels = allOf(town, "parcel").flatMap((feature) => {
		const line = { type: "LineString" as const, coordinates: corners(feature.geometry) };
		return [{ feature, line, offM: distanceM(line, at.lonDeg, at.latDeg) }];
	});
	const nearest = parcels.sort((a, b) => a.offM - b.offM)[0];
	if (!nearest || nearest.offM > 2000) return { ...plain, state: "nothing", reason: "no_boundary" };
	return {
		...plain,
		state: "boundary",
		value: nearest.offM,
		nearest: footOn(nearest.line.coordinates, at),
		source: sourceOf(
			"parcel",
			labelOf("parcel", nearest.feature),
			"Lantmäteriet",
			"2026-05-12",
			"registerkartans gräns: ± 0,1 m i detaljplan, på landet ibland flera meter; inte den rättsliga gränsen",
		),
	};
}

/** What lies in an area or around a line. */
export function selectionOf(
	town: Town,
	datasets: readonly DatasetDto[],
	input: SelectFeaturesInput,
): SelectionDto | Refusal {
	if (input.reachM > 2000) return new Refusal({ code: "selection_too_large", what: "width" });
	const path = input.points.map(({ lonDeg, latDeg }) => [lonDeg, latDeg]);
	const area: GeoJSON.Geometry =
		input.shape === "area"
			? { type: "Polygon", coordinates: [[...path, path[0] ?? []]] }
			: path.length > 1
				? { type: "LineString", coordinates: path }
				: { type: "Point", coordinates: path[0] ?? [] };
	const rows: SelectedRowDto[] = [];
	const shapes: GeoJSON.Geometry[] = [];
	const counts: SelectionDto["counts"] = [];
	for (const dataset of [...datasets].sort((a, b) => b.order - a.order)) {
		if (!input.datasets.includes(dataset.id)) continue;
		const found = allOf(town, dataset.id).flatMap((feature) => {
			const all = corners(feature.geometry);
			const offs = all.map(([lon = 0, lat = 0]) => distanceM(area, lon, lat));
			const inside = offs.filter((off) => off <= input.reachM);
			return inside.length === 0
				? []
				: [{ feature, isWhole: inside.length === all.length, offM: Math.min(...offs) }];
		});
		if (found.length > 0) counts.push({ dataset: dataset.id, title: dataset.title, n: found.length });
		for (const { feature, isWhole, offM } of found) {
			if (rows.length >= N_ROWS) break;
			shapes.push(feature.geometry);
			rows.push({
				number: rows.length + 1,
				dataset: dataset.id,
				id: String(feature.properties["id"]),
				label: labelOf(dataset.id, feature),
				kind: dataset.singular,
				role: dataset.role,
				relation: isWhole ? "inside" : "partly",
				sharePct: isWhole ? 100 : 40,
				distanceM: input.shape === "area" ? 0 : offM,
				publisher: dataset.publisher,
				dataDate: dataset.dataDate,
				isOld: dataset.isOld,
				mark: pointOn(feature.geometry),
			});
		}
	}
	const told = counts.reduce((sum, { n }) => sum + n, 0);
	return {
		areaJson: JSON.stringify(area),
		shapesJson: JSON.stringify({ type: "GeometryCollection", geometries: shapes }),
		bounds: boundsOf(area),
		counts,
		rows,
		nMore: told - rows.length,
		missingOrOld: input.datasets.includes("ancient_remains")
			? [
					{
						dataset: "ancient_remains",
						title: { sv: "Fornlämningar", en: "Ancient remains" },
						reason: "old",
						dataDate: "2026-02-14",
					},
				]
			: [],
	};
}

function sourceOf(
	dataset: string,
	label: string,
	publisher: string,
	dataDate: string,
	accuracy: string,
): MeasureDto["source"] {
	return { dataset, id: "", label, publisher, dataDate, ageDays: 7, isOld: false, accuracy };
}

function apart(a: PointDto, b: PointDto): number {
	return Math.hypot(a.gridEM - b.gridEM, a.gridNM - b.gridNM);
}

function footOn(path: readonly GeoJSON.Position[], at: PointDto): PointDto {
	let best = at;
	let leastM = Number.POSITIVE_INFINITY;
	for (let index = 1; index < path.length; index++) {
		const [aLon = 0, aLat = 0] = path[index - 1] ?? [];
		const [bLon = 0, bLat = 0] = path[index] ?? [];
		for (let step = 0; step <= 50; step++) {
			const share = step / 50;
			const point = pointAt(aLon + share * (bLon - aLon), aLat + share * (bLat - aLat));
			const offM = apart(point, at);
			if (offM < leastM) [best, leastM] = [point, offM];
		}
	}
	return best;
}

function crosses(at: readonly PointDto[]): boolean {
	const side = (a: PointDto, b: PointDto, p: PointDto) =>
		(b.gridEM - a.gridEM) * (p.gridNM - a.gridNM) - (p.gridEM - a.gridEM) * (b.gridNM - a.gridNM);
	const edges = at.map((point, index) => [point, at[(index + 1) % at.length] ?? point] as const);
	return edges.some(([a, b], first) =>
		edges.some(
			([c, d], second) =>
				second > first + 1 &&
				!(first === 0 && second === edges.length - 1) &&
				side(a, b, c) * side(a, b, d) < 0 &&
				side(c, d, a) * side(c, d, b) < 0,
		),
	);
}

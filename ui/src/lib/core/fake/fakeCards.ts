import type { CardDto, DatasetDto, IdentifiedDto, IdentifyFeaturesInput } from "../bindings";
import { demoForms } from "./demo";
import { demoHistory } from "./demoConflicts";
import { factsOf, labelOf, propertyText } from "./fakeLabels";
import { allOf, boundsOf, distanceM, pointOn, type Town, type TownFeature } from "./town";

/** What lies at a point, topmost first. */
export function identify(
	town: Town,
	known: readonly DatasetDto[],
	{ lonDeg, latDeg, radiusM, datasets }: IdentifyFeaturesInput,
): IdentifiedDto[] {
	const rank = { Point: 0, LineString: 1, MultiLineString: 1, Polygon: 2, MultiPolygon: 2 } as Record<
		string,
		number
	>;
	const found: (IdentifiedDto & { readonly rank: number; readonly size: number })[] = [];
	for (const dataset of known.filter(({ group }) => group !== "background")) {
		for (const feature of allOf(town, dataset.id)) {
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

/** The card of one feature. */
export function cardOf(
	town: Town,
	known: readonly DatasetDto[],
	dataset: string,
	feature: TownFeature,
	isOwn: boolean,
): CardDto {
	const declared = known.find((one) => one.id === dataset);
	const position = pointOn(feature.geometry);
	const id = String(feature.properties["id"]);
	const alsoHere = identify(town, known, {
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
		addresses:
			dataset === "parcel" ? [`${propertyText(feature, "_street")} ${propertyText(feature, "_no")}`] : [],
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
		history: dataset === "valve" && isOwn ? demoHistory() : [],
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

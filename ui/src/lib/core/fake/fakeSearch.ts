import type { FindPlacesInput, HitDto, PointDto, SearchAnswerDto } from "../bindings";
import { designation, propertyText } from "./fakeLabels";
import { pointAt, pointOfGrid } from "./projection";
import { allOf, distanceM, pointOn, type Town, type TownFeature } from "./town";

/** Ranked hits for what was typed. Protected networks are found only on an enrolled laptop. */
export function findPlaces(
	town: Town,
	isEnrolled: boolean,
	{ text, nearLonDeg, nearLatDeg }: FindPlacesInput,
): SearchAnswerDto {
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
	for (const feature of allOf(town, "address"))
		add(
			"address",
			"address",
			feature,
			`${propertyText(feature, "_street")} ${propertyText(feature, "house_number")}`,
			"Exempelhyttan",
		);
	for (const feature of allOf(town, "parcel"))
		add(
			"parcel",
			"parcel",
			feature,
			designation(feature),
			`${propertyText(feature, "_street")} ${propertyText(feature, "_no")}`,
		);
	if (isEnrolled) {
		for (const feature of allOf(town, "valve"))
			add(
				"asset",
				"valve",
				feature,
				`Ventil ${propertyText(feature, "nummer")}`,
				propertyText(feature, "_street"),
			);
		for (const feature of allOf(town, "hydrant"))
			add(
				"asset",
				"hydrant",
				feature,
				`Brandpost ${propertyText(feature, "nummer")}`,
				propertyText(feature, "_street"),
			);
	}
	for (const feature of allOf(town, "place"))
		add("place", "place", feature, propertyText(feature, "name"), "Ortnamn");
	hits.sort((a, b) => a.label.length - b.label.length || (a.distanceM ?? 0) - (b.distanceM ?? 0));
	return {
		text,
		hits: hits.slice(0, 10),
		suggestion: hits.length === 0 && /str/i.test(text) ? "Strandvägen 9" : null,
	};
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

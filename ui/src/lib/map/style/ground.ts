import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { Palette } from "../palette";
import {
	base,
	byGround,
	byValue,
	byZoom,
	get,
	isOne,
	live,
	NETWORK_KEY,
	not,
	type NetworkRule,
	where,
} from "./parts";

const networkNotFirst = { [NETWORK_KEY]: "not-first" satisfies NetworkRule };
const waterKinds = ["Sjö", "Vattendragsyta", "Anlagt vatten"];
const wetKinds = ["Sankmark, fast", "Sankmark, våt"];

/** Land cover, water and contours. */
export function ground(p: Palette): LayerSpecification[] {
	return [
		{ id: "background", type: "background", paint: { "background-color": p.land } },
		base("land_cover", {
			id: "land",
			type: "fill",
			filter: where(not(isOne("kind", ...waterKinds, ...wetKinds, "Öppen mark", "Samhällsfunktion"))),
			layout: {
				"fill-sort-key": byValue(
					"kind",
					[
						["Åker", 1],
						[["Barr- och blandskog", "Lövskog"], 2],
						[["Låg bebyggelse", "Hög bebyggelse", "Sluten bebyggelse"], 3],
						[["Industri- och handelsbebyggelse", "Industriområde"], 4],
						["Rekreation", 5],
						["Idrottsplan", 6],
					],
					0,
				),
			},
			paint: {
				"fill-antialias": false,
				"fill-color": byValue(
					"kind",
					[
						["Åker", p.field],
						["Barr- och blandskog", p.forest],
						["Lövskog", p.leafForest],
						[["Låg bebyggelse", "Hög bebyggelse", "Sluten bebyggelse"], p.built],
						[["Industri- och handelsbebyggelse", "Industriområde"], p.industry],
						["Rekreation", p.park],
						["Idrottsplan", p.pitch],
					],
					p.land,
				),
			},
		}),
		base("land_cover", {
			id: "wetland",
			type: "fill",
			minzoom: 11,
			filter: where(isOne("kind", ...wetKinds)),
			paint: { "fill-pattern": "pattern-wetland" },
		}),
		base("land_cover", {
			id: "water",
			type: "fill",
			filter: where(isOne("kind", ...waterKinds)),
			paint: { "fill-color": p.water, "fill-antialias": false },
		}),
		// Shorelines come as lines of their own; the banks of a river do not.
		base("land_cover", {
			id: "river-bank",
			type: "line",
			minzoom: 12,
			filter: where(["==", get("kind"), "Vattendragsyta"]),
			layout: { "line-join": "round" },
			paint: { "line-color": p.shore, "line-width": byZoom([12, 0.5], [16, 1.2]) },
		}),
		base("contour", {
			id: "contour",
			type: "line",
			minzoom: 13,
			metadata: networkNotFirst,
			filter: where(["!=", ["%", ["to-number", get("height")], 25], 0]),
			paint: { "line-color": p.contour, "line-opacity": p.contourOpacity, "line-width": 0.8 },
		}),
		base("contour", {
			id: "contour-index",
			type: "line",
			minzoom: 11,
			metadata: networkNotFirst,
			filter: where(["==", ["%", ["to-number", get("height")], 25], 0]),
			paint: {
				"line-color": p.contour,
				"line-opacity": byZoom([11, p.contourOpacity * 0.6], [13, p.contourOpacity]),
				"line-width": byZoom([11, 0.7], [14, 1.5]),
			},
		}),
		base("watercourse", {
			id: "watercourse",
			type: "line",
			filter: where(["==", get("kind"), "Vattendrag"]),
			layout: { "line-cap": "round", "line-join": "round" },
			paint: {
				"line-color": p.shore,
				"line-opacity": 0.85,
				"line-width": byZoom(
					[
						8,
						byValue(
							"size",
							[
								["Klass 1", 0.6],
								["Klass 2", 0.8],
							],
							1,
						),
					],
					[
						13,
						byValue(
							"size",
							[
								["Klass 1", 0.9],
								["Klass 2", 1.4],
							],
							2.2,
						),
					],
					[
						17,
						byValue(
							"size",
							[
								["Klass 1", 1.6],
								["Klass 2", 3],
							],
							6,
						),
					],
				),
			},
		}),
		base("watercourse", {
			id: "shoreline",
			type: "line",
			minzoom: 9,
			filter: where(["==", get("kind"), "Strandlinje"]),
			layout: { "line-join": "round" },
			paint: { "line-color": p.shore, "line-width": byZoom([9, 0.5], [13, 1], [16, 1.2]) },
		}),
		base("municipality", {
			id: "municipality-line",
			type: "line",
			layout: { "line-join": "round" },
			paint: {
				"line-color": p.municipality,
				"line-width": byZoom([7, 1], [13, 2]),
				"line-opacity": 0.7,
				"line-dasharray": [6, 2, 1, 2],
			},
		}),
	];
}

/** Railway, roads with casing, and paths. Classes share layers: widths and colors are chosen by the feature. */
export function ways(p: Palette): LayerSpecification[] {
	const classes = (motorway: number, highway: number, main: number, street: number, lane: number) =>
		byValue(
			"kind",
			[
				[["Motorväg", "Motortrafikled"], motorway],
				[["Landsväg", "Landsväg liten", "Mötesfri väg"], highway],
				["Huvudgata", main],
				[["Lokalgata stor", "Lokalgata liten"], street],
				["Småväg", lane],
			],
			0,
		);
	const order = classes(5, 4, 3, 2, 1);
	const widths = (more: number) =>
		byGround(
			[7, classes(1.4 + more * 0.5, 1 + more * 0.5, 0, 0, 0)],
			[10, classes(3 + more, 2 + more, 1.2 + more, 0, 0)],
			[13, classes(6 + more, 4.5 + more, 3.5 + more, 2 + more, 1.5 + more)],
			[16, classes(18 + more, 14 + more, 13 + more, 10 + more, 7 + more)],
			[18, classes(46 + more, 40 + more, 36 + more, 30 + more, 20 + more)],
		);
	const fills = byValue(
		"kind",
		[
			[["Motorväg", "Motortrafikled"], p.motorway.fill],
			[["Landsväg", "Landsväg liten", "Mötesfri väg"], p.highway.fill],
			["Huvudgata", p.mainStreet.fill],
			["Småväg", p.lane.fill],
		],
		p.street.fill,
	);
	const casings = byValue(
		"kind",
		[
			[["Motorväg", "Motortrafikled"], p.motorway.casing],
			[["Landsväg", "Landsväg liten", "Mötesfri väg"], p.highway.casing],
			["Huvudgata", p.mainStreet.casing],
		],
		p.street.casing,
	);
	const carRoad = not(isOne("kind", "Gångstig", "Traktorväg"));
	const bridge: ExpressionSpecification = ["==", ["get", "construction"], "Bro"];
	return [
		base("road", {
			id: "path",
			type: "line",
			minzoom: 14,
			filter: where(["==", get("kind"), "Gångstig"]),
			paint: { "line-color": p.path, "line-width": 1.4, "line-dasharray": dashOf(6, 4) },
		}),
		base("road", {
			id: "track",
			type: "line",
			minzoom: 14,
			filter: where(["==", get("kind"), "Traktorväg"]),
			paint: { "line-color": p.path, "line-width": 1.4, "line-dasharray": dashOf(10, 3) },
		}),
		base("railway", {
			id: "railway",
			type: "line",
			minzoom: 9,
			paint: { "line-color": p.railway, "line-width": byZoom([9, 1], [13, 2.4], [16, 4]) },
		}),
		base("railway", {
			id: "railway-gaps",
			type: "line",
			minzoom: 11,
			paint: {
				"line-color": p.railwayGap,
				"line-width": byZoom([11, 0.6], [13, 1.4], [16, 2.4]),
				"line-dasharray": [4, 4],
			},
		}),
		base("road", {
			id: "road-casing",
			type: "line",
			filter: where(carRoad, ["!=", get("kind"), "Småväg"]),
			layout: { "line-cap": "round", "line-join": "round", "line-sort-key": order },
			paint: { "line-color": casings, "line-width": widths(2.8) },
		}),
		base("road", {
			id: "lane-casing",
			type: "line",
			minzoom: 12,
			filter: where(["==", get("kind"), "Småväg"]),
			layout: { "line-join": "round" },
			paint: { "line-color": p.lane.casing, "line-width": widths(2.6), "line-dasharray": [1.6, 0.8] },
		}),
		base("road", {
			id: "road",
			type: "line",
			filter: where(carRoad),
			layout: { "line-cap": "round", "line-join": "round", "line-sort-key": order },
			paint: { "line-color": fills, "line-width": widths(0) },
		}),
		base("road", {
			id: "bridge-casing",
			type: "line",
			minzoom: 12,
			filter: where(carRoad, bridge),
			layout: { "line-join": "round" },
			paint: { "line-color": p.path, "line-width": widths(4) },
		}),
		base("road", {
			id: "bridge",
			type: "line",
			minzoom: 12,
			filter: where(carRoad, bridge),
			layout: { "line-join": "round" },
			paint: { "line-color": fills, "line-width": widths(0) },
		}),
	];
}

/** Parcels and houses. */
export function property(p: Palette): LayerSpecification[] {
	const line = {
		"line-color": p.parcel,
		"line-width": byZoom([13.5, 0.5], [16, 1], [18, 1.4]),
		"line-opacity": byZoom([13.5, 0.35], [15, 0.8], [16, 1]),
	};
	const plain = where(
		["!=", get("osakertlage"), true],
		not(isOne("kind", "samfällighet", "gemensamhetsanläggning")),
	);
	return [
		live("parcel", { id: "parcel", type: "line", minzoom: 13.5, filter: plain, paint: line }),
		live("parcel", {
			id: "parcel-uncertain",
			type: "line",
			minzoom: 13.5,
			filter: where(["==", get("osakertlage"), true]),
			paint: { ...line, "line-dasharray": [4, 3] },
		}),
		live("parcel", {
			id: "parcel-joint",
			type: "line",
			minzoom: 13.5,
			filter: where(["==", get("kind"), "samfällighet"]),
			paint: { ...line, "line-dasharray": [8, 2, 2, 2] },
		}),
		live("parcel", {
			id: "parcel-facility",
			type: "line",
			minzoom: 13.5,
			filter: where(["==", get("kind"), "gemensamhetsanläggning"]),
			paint: { ...line, "line-color": p.easement, "line-dasharray": [3, 2] },
		}),
		live("building", {
			id: "building",
			type: "fill",
			minzoom: 14,
			paint: {
				"fill-antialias": false,
				"fill-color": byValue(
					"kind",
					[
						["Bostad", p.dwelling],
						["Samhällsfunktion", p.publicHouse],
						[["Industri", "Verksamhet"], p.industryHouse],
					],
					p.outbuilding,
				),
				"fill-opacity": byZoom([14, 0.6], [15, 1]),
			},
		}),
		live("building", {
			id: "building-line",
			type: "line",
			minzoom: 14.5,
			paint: {
				"line-width": byZoom([14.5, 0.4], [16, 0.8], [18, 1]),
				"line-color": byValue(
					"kind",
					[
						["Samhällsfunktion", p.publicLine],
						[["Industri", "Verksamhet"], p.industryLine],
					],
					p.dwellingLine,
				),
			},
		}),
	];
}

function dashOf(...lengthsPx: number[]): number[] {
	return lengthsPx.map((length) => Math.round((length / 1.4) * 100) / 100);
}

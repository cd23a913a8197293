import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { Palette } from "../palette";
import { byZoom, dash, fonts, get, live, NETWORK_KEY, not, type NetworkRule, text, where } from "./parts";

const dimension: ExpressionSpecification = ["to-number", ["get", "dimension"], 0];
const networkFirst = { [NETWORK_KEY]: "first" satisfies NetworkRule };
const inService = not(["in", ["get", "status"], ["literal", ["ur drift", "slopad"]]]);
const outOfService: ExpressionSpecification = ["in", ["get", "status"], ["literal", ["ur drift", "slopad"]]];
const isPrivate: ExpressionSpecification = ["==", ["get", "agare"], "privat"];
const isUncertain: ExpressionSpecification = [
	"in",
	["get", "lagesklass"],
	["literal", ["osäker", "skissad"]],
];
/** All mains show from here; those of 200 mm or more before it, while the pipes come first. */
const MAINS_ZOOM = 14.5;
const isLarge: ExpressionSpecification = [">=", dimension, 200];

/** The pipes' widths: 0.5 at z14, 1 at z16, 1.5 at z18; larger than 300 mm 0.8 px more; private at half width. */
function width(basePx: number, morePx = 0): ExpressionSpecification {
	const own: ExpressionSpecification = [
		"*",
		["+", basePx, ["case", [">", dimension, 300], 0.8, 0]],
		["case", isPrivate, 0.7, 1],
	];
	const at = (factor: number): ExpressionSpecification => ["+", ["*", factor, own], morePx];
	return byZoom([13, at(0.4)], [14.5, at(0.45)], [15.5, at(0.7)], [16, at(1)], [18, at(1.5)]);
}

interface PipeClass {
	readonly klass: string;
	readonly color: string;
	readonly widthPx: number;
	readonly dashPx: readonly number[];
}

/** The classes with their patterns. Pattern and letter carry the meaning where color fails. */
export function pipeClasses(
	p: Palette,
): Readonly<Record<"water_pipe" | "sewer_pipe" | "storm_pipe", readonly PipeClass[]>> {
	return {
		water_pipe: [
			{ klass: "V", color: p.water_pipe, widthPx: 2.6, dashPx: [] },
			{ klass: "RV", color: p.water_pipe, widthPx: 2.6, dashPx: [24, 3, 3, 3] },
		],
		sewer_pipe: [
			{ klass: "S", color: p.sewer_pipe, widthPx: 2.2, dashPx: [13, 4] },
			{ klass: "TS", color: p.sewer_pipe, widthPx: 2.2, dashPx: [13, 4] },
			{ klass: "K", color: p.combined, widthPx: 2.2, dashPx: [13, 3, 3, 3, 3, 3] },
		],
		storm_pipe: [{ klass: "D", color: p.storm_pipe, widthPx: 2.2, dashPx: [9, 3.5, 2, 3.5] }],
	};
}

/** Water and sewer pipes: band of uncertainty, casing, a layer for each class, marks along the line. */
export function pipes(p: Palette): LayerSpecification[] {
	const classes = pipeClasses(p);
	const order = ["storm_pipe", "sewer_pipe", "water_pipe"] as const;
	return [
		...service(p),
		...order.map((dataset) =>
			live(dataset, {
				id: `${dataset}-uncertain`,
				type: "line",
				minzoom: 15,
				filter: where(isUncertain),
				layout: { "line-cap": "round" },
				paint: {
					"line-color": classes[dataset][0]?.color ?? p.abandoned,
					"line-opacity": 0.22,
					// A pale band as wide as the stated error: 0.604 m per pixel at z16 in latitude 59.6.
					"line-width": [
						"interpolate",
						["exponential", 2],
						["zoom"],
						15,
						["max", 6, ["/", ["*", 2, ["to-number", get("lagesfel_m"), 1]], 1.209]],
						18,
						["max", 6, ["/", ["*", 2, ["to-number", get("lagesfel_m"), 1]], 0.151]],
					],
				},
			}),
		),
		...order.map((dataset) =>
			live(dataset, {
				id: `${dataset}-casing`,
				type: "line",
				minzoom: 15,
				layout: { "line-join": "round" },
				paint: { "line-color": p.pipeCasing, "line-width": width(2.6, 1.6) },
			}),
		),
		...order.map((dataset) =>
			live(dataset, {
				id: `${dataset}-far`,
				type: "line",
				minzoom: 13,
				maxzoom: MAINS_ZOOM,
				metadata: networkFirst,
				filter: where(isLarge),
				layout: { "line-join": "round" },
				paint: {
					"line-color": [
						"case",
						outOfService,
						p.abandoned,
						["==", get("klass"), "K"],
						p.combined,
						classes[dataset][0]?.color ?? p.abandoned,
					],
					"line-width": width(classes[dataset][0]?.widthPx ?? 2.2),
				},
			}),
		),
		...order.flatMap((dataset) =>
			classes[dataset].map((pipe) =>
				live(dataset, {
					id: `${dataset}-${pipe.klass}`,
					type: "line",
					minzoom: MAINS_ZOOM,
					filter: where(["==", get("klass"), pipe.klass]),
					layout: { "line-join": "round" },
					paint: {
						"line-color": ["case", outOfService, p.abandoned, pipe.color],
						"line-width": width(pipe.widthPx),
						...(pipe.dashPx.length > 0 ? { "line-dasharray": dash(pipe.widthPx, ...pipe.dashPx) } : {}),
					},
				}),
			),
		),
		...order.map((dataset) =>
			live(dataset, {
				id: `${dataset}-private`,
				type: "line",
				minzoom: 15,
				filter: where(isPrivate),
				paint: { "line-color": p.pipeCasing, "line-width": width(1.1) },
			}),
		),
		...order.map((dataset) =>
			live(dataset, {
				id: `${dataset}-crossed`,
				type: "symbol",
				minzoom: 15,
				filter: where(outOfService),
				layout: {
					"symbol-placement": "line",
					"symbol-spacing": 60,
					"icon-image": "crossed",
					"icon-allow-overlap": true,
					"icon-ignore-placement": true,
				},
			}),
		),
		live("sewer_pipe", {
			id: "sewer-flow",
			type: "symbol",
			minzoom: 16.5,
			filter: where(["in", get("klass"), ["literal", ["S", "TS"]]], inService),
			layout: {
				"symbol-placement": "line",
				"symbol-spacing": 120,
				"icon-image": ["case", ["==", get("klass"), "TS"], "flow-pressure", "flow"],
				"icon-allow-overlap": true,
				"icon-ignore-placement": true,
			},
		}),
	];
}

function service(p: Palette): LayerSpecification[] {
	const color: ExpressionSpecification = [
		"match",
		["get", "klass"],
		"SV",
		p.water_pipe,
		"SS",
		p.sewer_pipe,
		p.storm_pipe,
	];
	const serviceWidth = byZoom([16, 1.2], [18, 2]);
	const dashes: Readonly<Record<string, number[]>> = { SV: [], SS: [6.5, 2], SD: [4.5, 1.7, 1, 1.7] };
	return [
		live("service_pipe", {
			id: "service-casing",
			type: "line",
			minzoom: 16.5,
			paint: { "line-color": p.pipeCasing, "line-width": byZoom([16, 2.8], [18, 3.8]) },
		}),
		...Object.entries(dashes).map(([klass, dashPx]) =>
			live("service_pipe", {
				id: `service-${klass}`,
				type: "line",
				minzoom: 16.5,
				filter: where(["==", get("klass"), klass]),
				paint: {
					"line-color": color,
					"line-width": serviceWidth,
					...(dashPx.length > 0 ? { "line-dasharray": dash(1.4, ...dashPx) } : {}),
				},
			}),
		),
	];
}

/** Letters in the line from z15.5 and dimensions from z17. */
export function pipeLabels(p: Palette): LayerSpecification[] {
	const colors = { storm_pipe: p.storm_pipe, sewer_pipe: p.sewer_pipe, water_pipe: p.water_pipe } as const;
	const letter: ExpressionSpecification = [
		"concat",
		text("klass"),
		["case", isPrivate, "p", ""],
		["case", outOfService, "x", isUncertain, "?", ""],
	];
	const long: ExpressionSpecification = [
		"concat",
		letter,
		" ",
		text("dimension"),
		" ",
		text("material"),
		" ",
		text("anlaggningsar"),
	];
	return Object.entries(colors).flatMap(([dataset, color]) => {
		const paint = {
			"text-color": ["case", outOfService, p.abandoned, ["==", get("klass"), "K"], p.combined, color],
			"text-halo-color": p.pipeCasing,
			"text-halo-width": 1.7,
		};
		const layout = {
			"symbol-placement": "line",
			"text-font": [fonts.bold],
			"text-size": 10.5,
			"text-padding": 1,
			"text-max-angle": 50,
		};
		return [
			live(dataset, {
				id: `${dataset}-letter`,
				type: "symbol",
				minzoom: 15.5,
				layout: { ...layout, "symbol-spacing": 170, "text-field": letter },
				paint,
			}),
			live(dataset, {
				id: `${dataset}-dimension`,
				type: "symbol",
				minzoom: 17,
				layout: {
					...layout,
					"symbol-spacing": 320,
					"text-field": long,
					"text-font": [fonts.semibold],
					"text-offset": [0, 0.95],
				},
				paint,
			}),
		] as LayerSpecification[];
	});
}

/** Valves, hydrants, manholes and the rest that stands on the pipes. */
export function fittings(p: Palette): LayerSpecification[] {
	const valveImage: ExpressionSpecification = [
		"concat",
		"valve-",
		[
			"case",
			["==", get("funktion"), "ej stängbar"],
			"stuck",
			["==", get("lage"), "stängd"],
			"closed",
			["==", get("funktion"), "okänd"],
			"unknown",
			"open",
		],
		["case", ["==", get("normallage"), "stängd"], "-framed", ""],
	];
	const label = {
		"text-color": p.text,
		"text-halo-color": p.halo,
		"text-halo-width": 1.5,
	};
	const name = (field: string) => ({
		"text-field": text(field),
		"text-font": [fonts.semibold],
		"text-size": 11.5,
		"text-variable-anchor": ["top-left", "bottom-left", "top-right", "bottom-right"],
		"text-radial-offset": 0.75,
		"text-optional": true,
	});
	const above = { "icon-allow-overlap": true, "icon-padding": 0 };
	const isService: ExpressionSpecification = ["==", get("typ"), "servis"];
	const hydrantImage: ExpressionSpecification = [
		"case",
		["in", get("status"), ["literal", ["ur drift", "slopad"]]],
		"hydrant-off",
		["==", get("typ"), "ovan"],
		"hydrant-over",
		"hydrant",
	];
	const hydrantSize = byZoom([14, 0.35], [15, 0.5], [16, 0.75], [17, 1]);
	return [
		live("service_connection", {
			id: "service-connection",
			type: "symbol",
			minzoom: 16.5,
			layout: { "icon-image": "connection", ...above },
		}),
		live("manhole", {
			id: "manhole",
			type: "symbol",
			minzoom: 16,
			layout: {
				"icon-image": [
					"concat",
					"manhole-",
					["match", get("typ"), ["SNB", "DNB", "VNB", "TB", "DB"], get("typ"), "TB"],
					["case", ["==", get("lock_ok"), false], "-bad", ""],
				],
				...above,
			},
		}),
		live("manhole", {
			id: "manhole-name",
			type: "symbol",
			minzoom: 17.5,
			layout: { ...name("nummer") },
			paint: label,
		}),
		live("valve", {
			id: "service-valve",
			type: "symbol",
			minzoom: 16.5,
			filter: where(isService),
			layout: { "icon-image": valveImage, "icon-size": 0.67, ...above },
		}),
		live("valve", {
			id: "valve",
			type: "symbol",
			minzoom: 15.5,
			filter: where(not(isService)),
			layout: { "icon-image": valveImage, "icon-size": byZoom([15.5, 0.5], [16, 0.65], [17, 1]), ...above },
		}),
		live("valve", {
			id: "valve-name",
			type: "symbol",
			minzoom: 17,
			filter: where(not(isService)),
			layout: { ...name("nummer") },
			paint: label,
		}),
		// From afar hydrants would hide the town: they are then shown only where the pipes come first.
		live("hydrant", {
			id: "hydrant-far",
			type: "symbol",
			minzoom: 14,
			maxzoom: 15,
			metadata: networkFirst,
			layout: { "icon-image": hydrantImage, "icon-size": hydrantSize, ...above },
		}),
		live("hydrant", {
			id: "hydrant",
			type: "symbol",
			minzoom: 15,
			layout: { "icon-image": hydrantImage, "icon-size": hydrantSize, ...above },
		}),
		live("hydrant", {
			id: "hydrant-name",
			type: "symbol",
			minzoom: 16,
			layout: { ...name("nummer") },
			paint: label,
		}),
		live("water_installation", {
			id: "water-installation",
			type: "symbol",
			minzoom: 13,
			layout: {
				"icon-image": "installation",
				...above,
				...name("namn"),
			},
			paint: label,
		}),
	];
}

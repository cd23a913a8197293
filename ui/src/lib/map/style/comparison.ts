import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import { ACCURACY_ZOOM } from "../compared";
import type { Palette } from "../palette";
import { all, byValue, fonts, isOne, text, where } from "./parts";

const isPart = (part: string) => isOne("part", part);

/** Shapes held beside each other: what it was, what they made of it, what I made of it. */
export function comparison(p: Palette): LayerSpecification[] {
	const color = byValue(
		"side",
		[
			["base", p.comparedBase],
			["store", p.comparedStore],
		],
		p.pick,
	);
	const isShape = where(isPart("shape"));
	const round = { "line-join": "round", "line-cap": "round" } as const;
	const source = "compared";
	return [
		{
			id: "compared-fill",
			type: "fill",
			source,
			filter: where(isPart("shape"), ["==", ["geometry-type"], "Polygon"]),
			paint: { "fill-color": color, "fill-opacity": 0.14 },
		},
		{
			id: "compared-accuracy",
			type: "circle",
			source,
			filter: where(isPart("accuracy")),
			paint: {
				"circle-radius": [
					"interpolate",
					["exponential", 2],
					["zoom"],
					10,
					["/", ["get", "radiusPx"], 2 ** (ACCURACY_ZOOM - 10)],
					ACCURACY_ZOOM,
					["get", "radiusPx"],
				],
				"circle-color": color,
				"circle-opacity": 0.16,
				"circle-stroke-color": p.pickCasing,
				"circle-stroke-width": 1.5,
			},
		},
		{
			id: "compared-casing",
			type: "line",
			source,
			filter: isShape,
			layout: round,
			paint: { "line-color": p.comparedCasing, "line-width": 8 },
		},
		{
			id: "compared-line",
			type: "line",
			source,
			filter: where(all(isPart("shape"), ["!=", ["get", "side"], "base"])),
			layout: round,
			paint: { "line-color": color, "line-width": 4 },
		},
		{
			id: "compared-base",
			type: "line",
			source,
			filter: where(all(isPart("shape"), isOne("side", "base"))),
			layout: { "line-join": "round" },
			paint: { "line-color": p.comparedBase, "line-width": 4, "line-dasharray": [2, 1.4] },
		},
		{
			id: "compared-move",
			type: "line",
			source,
			filter: where(isPart("move")),
			layout: { "line-cap": "round" },
			paint: { "line-color": p.comparedMove, "line-width": 3, "line-dasharray": [0.1, 2] },
		},
		{
			id: "compared-label",
			type: "symbol",
			source,
			filter: where(isPart("mark"), ["!=", ["get", "label"], ""]),
			layout: {
				"icon-image": "compared-label",
				"icon-text-fit": "both",
				"icon-text-fit-padding": [2, 6, 2, 6],
				"icon-allow-overlap": true,
				"text-field": text("label"),
				"text-font": [fonts.semibold],
				"text-size": 13,
				"text-max-width": 30,
				"text-justify": "auto",
				"text-variable-anchor-offset": anchors(),
				"text-allow-overlap": true,
			},
			paint: { "text-color": p.text },
		},
		// Drawn last and so placed first: labels keep clear of the letters.
		{
			id: "compared-mark",
			type: "symbol",
			source,
			filter: where(isPart("mark")),
			layout: {
				"icon-image": ["concat", "compared-", text("side")],
				"icon-allow-overlap": true,
				"icon-ignore-placement": false,
				"text-field": text("letter"),
				"text-font": [fonts.bold],
				"text-size": 15,
				"text-allow-overlap": true,
				"symbol-sort-key": byValue(
					"side",
					[
						["base", 0],
						["store", 1],
					],
					2,
				),
			},
			paint: {
				"text-color": byValue("side", [["base", p.comparedOnBase]], p.onPick),
			},
		},
	];
}

/** Where the label stands: what it was below, theirs above, mine to the left, as long as there is room. */
function anchors(): ExpressionSpecification {
	const places = {
		left: ["left", [1.9, 0]],
		right: ["right", [-1.9, 0]],
		above: ["bottom", [0, -1.9]],
		below: ["top", [0, 1.9]],
	} as const;
	const order = (...names: readonly (keyof typeof places)[]): ["literal", unknown[]] => [
		"literal",
		names.flatMap((name) => [...places[name]]),
	];
	return [
		"match",
		["get", "side"],
		"base",
		order("below", "left", "right", "above"),
		"store",
		order("above", "left", "right", "below"),
		order("right", "below", "above", "left"),
	] as unknown as ExpressionSpecification;
}

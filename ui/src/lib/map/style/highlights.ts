import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from "maplibre-gl";
import type { Palette } from "../palette";
import { DATASET_KEY, fonts, get, live, text, where } from "./parts";

/** The sources that the program fills itself: what is selected, previewed, chosen, numbered and compared. */
export function highlightSources(): Record<string, SourceSpecification> {
	const empty = { type: "geojson" as const, data: { type: "FeatureCollection" as const, features: [] } };
	return {
		selected: empty,
		previewed: empty,
		chosen: empty,
		marks: empty,
		compared: empty,
		found: empty,
		drawn: empty,
	};
}

/** How far apart numbers stand that share a place. */
const MARK_STEP_PX = 30;
const MARK_TEXT_PX = 15;
const N_BESIDES = 20;

/** An offset to the right by a mark's place in the row of those that share a spot. */
function besides(step: number): ExpressionSpecification {
	return [
		"interpolate",
		["linear"],
		["get", "slot"],
		0,
		["literal", [0, 0]],
		N_BESIDES,
		["literal", [N_BESIDES * step, 0]],
	];
}

/** Own work, the previewed hit, the selected feature and the numbers of a list, above everything else. */
export function highlights(p: Palette): LayerSpecification[] {
	const isPoint = where(["==", ["geometry-type"], "Point"]);
	const shape = where(["!=", ["geometry-type"], "Point"]);
	const area = where(["==", ["geometry-type"], "Polygon"]);
	const round = { "line-join": "round", "line-cap": "round" } as const;
	return [
		live("inspection", {
			id: "inspection",
			type: "symbol",
			minzoom: 13,
			layout: { "icon-image": "inspection", "icon-allow-overlap": true },
		}),
		{
			...live("own_edit", {
				id: "own-edit",
				type: "circle",
				paint: {
					"circle-radius": 5,
					"circle-color": p.saved,
					"circle-stroke-color": p.pickCasing,
					"circle-stroke-width": 2,
				},
			}),
			metadata: { [DATASET_KEY]: "" },
		},
		{
			id: "chosen-casing",
			type: "line",
			source: "chosen",
			filter: shape,
			layout: round,
			paint: { "line-color": p.onDisc, "line-width": 8 },
		},
		{
			id: "chosen-line",
			type: "line",
			source: "chosen",
			filter: shape,
			layout: round,
			paint: { "line-color": p.disc, "line-width": 4 },
		},
		{
			id: "chosen-point",
			type: "circle",
			source: "chosen",
			filter: isPoint,
			paint: {
				"circle-radius": 17,
				"circle-opacity": 0,
				"circle-stroke-color": p.disc,
				"circle-stroke-width": 4,
			},
		},
		{
			id: "selected-fill",
			type: "fill",
			source: "selected",
			filter: area,
			paint: { "fill-color": p.pick, "fill-opacity": 0.16 },
		},
		{
			id: "selected-casing",
			type: "line",
			source: "selected",
			filter: shape,
			layout: round,
			paint: { "line-color": p.pickCasing, "line-width": 8 },
		},
		{
			id: "selected-line",
			type: "line",
			source: "selected",
			filter: shape,
			layout: round,
			paint: { "line-color": p.pick, "line-width": 4 },
		},
		{
			id: "selected-point-casing",
			type: "circle",
			source: "selected",
			filter: isPoint,
			paint: {
				"circle-radius": 15,
				"circle-color": p.pick,
				"circle-opacity": 0.16,
				"circle-stroke-color": p.pickCasing,
				"circle-stroke-width": 7,
			},
		},
		{
			id: "selected-point",
			type: "circle",
			source: "selected",
			filter: isPoint,
			paint: {
				"circle-radius": 16.5,
				"circle-opacity": 0,
				"circle-stroke-color": p.pick,
				"circle-stroke-width": 4,
			},
		},
		{
			id: "previewed-casing",
			type: "line",
			source: "previewed",
			filter: shape,
			layout: round,
			paint: { "line-color": p.pickCasing, "line-width": 8 },
		},
		{
			id: "previewed-line",
			type: "line",
			source: "previewed",
			filter: shape,
			paint: { "line-color": p.pick, "line-width": 4, "line-dasharray": [2, 1] },
		},
		{
			id: "previewed-pin",
			type: "symbol",
			source: "previewed",
			filter: isPoint,
			layout: {
				"icon-image": "pin",
				"icon-anchor": "bottom",
				"icon-allow-overlap": true,
				"icon-ignore-placement": true,
			},
		},
		{
			id: "marks",
			type: "symbol",
			source: "marks",
			layout: {
				"icon-image": ["concat", "mark-", get("state")],
				"icon-allow-overlap": true,
				// Numbers that stand at one and the same place stand beside each other there.
				"icon-offset": besides(MARK_STEP_PX),
				"text-field": text("number"),
				"text-font": [fonts.bold],
				"text-size": MARK_TEXT_PX,
				"text-offset": [
					"match",
					get("state"),
					"attention",
					["literal", [0, 0.25]],
					besides(MARK_STEP_PX / MARK_TEXT_PX),
				],
				"text-allow-overlap": true,
				"symbol-sort-key": ["-", 0, get("number")],
			},
			paint: {
				"text-color": [
					"match",
					get("state"),
					"received",
					p.receivedLine,
					"secured",
					p.securedLine,
					"attention",
					p.conflict,
					"hit",
					p.onDisc,
					p.onPick,
				],
			},
		},
	];
}

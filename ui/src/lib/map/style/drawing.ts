import type { LayerSpecification } from "maplibre-gl";
import type { Palette } from "../palette";
import { isOne, where } from "./parts";

/** What is selected together, and what is being measured: black in a white casing, yellow where something holds it. */
export function drawing(p: Palette): LayerSpecification[] {
	const round = { "line-join": "round", "line-cap": "round" } as const;
	const isPart = (...parts: string[]) => where(isOne("part", ...parts));
	const found = "found";
	const source = "drawn";
	return [
		{
			id: "found-casing",
			type: "line",
			source: found,
			filter: where(["!=", ["geometry-type"], "Point"]),
			layout: round,
			paint: { "line-color": p.pickCasing, "line-width": 4 },
		},
		{
			id: "found-line",
			type: "line",
			source: found,
			filter: where(["!=", ["geometry-type"], "Point"]),
			layout: round,
			paint: { "line-color": p.pick, "line-width": 2 },
		},
		{
			id: "found-point",
			type: "circle",
			source: found,
			filter: where(["==", ["geometry-type"], "Point"]),
			paint: {
				"circle-radius": 12,
				"circle-opacity": 0,
				"circle-stroke-color": p.pick,
				"circle-stroke-width": 3,
			},
		},
		{
			id: "drawn-area",
			type: "fill",
			source,
			filter: isPart("area", "zone"),
			paint: { "fill-color": p.drawn, "fill-opacity": 0.1 },
		},
		{
			id: "drawn-wrong",
			type: "fill",
			source,
			filter: isPart("wrong"),
			paint: { "fill-color": p.conflict, "fill-opacity": 0.22 },
		},
		{
			id: "drawn-casing",
			type: "line",
			source,
			filter: isPart("line", "area", "wrong", "zone"),
			layout: round,
			paint: { "line-color": p.drawnCasing, "line-width": 6 },
		},
		{
			id: "drawn-line",
			type: "line",
			source,
			filter: isPart("line", "area", "wrong", "zone"),
			layout: round,
			paint: { "line-color": p.drawn, "line-width": 2.5 },
		},
		{
			id: "drawn-middle",
			type: "circle",
			source,
			filter: isPart("middle"),
			paint: {
				"circle-radius": 3,
				"circle-color": p.drawnCasing,
				"circle-stroke-color": p.drawn,
				"circle-stroke-width": 1.5,
			},
		},
		{
			id: "drawn-corner",
			type: "symbol",
			source,
			filter: isPart("corner", "end"),
			layout: {
				"icon-image": "drawn-corner",
				"icon-allow-overlap": true,
				"icon-ignore-placement": true,
			},
		},
		{
			id: "drawn-live",
			type: "circle",
			source,
			filter: isPart("live"),
			paint: {
				"circle-radius": 4,
				"circle-color": p.drawnCasing,
				"circle-stroke-color": p.drawn,
				"circle-stroke-width": 2,
			},
		},
		{
			id: "drawn-held",
			type: "symbol",
			source,
			filter: isPart("held"),
			layout: {
				"icon-image": "drawn-held",
				"icon-allow-overlap": true,
				"icon-ignore-placement": true,
			},
		},
	];
}

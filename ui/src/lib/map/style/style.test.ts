import { readdirSync, readFileSync } from "node:fs";
import { validateStyleMin } from "@maplibre/maplibre-gl-style-spec";
import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import { describe, expect, it } from "vitest";
import { contrast } from "../../../contrast";
import { imageNames } from "../images";
import { palettes } from "../palette";
import { buildStyle } from "./buildStyle";
import { DATASET_KEY, fonts } from "./parts";

const addresses = {
	base: "https://core.example/base/{z}/{x}/{y}",
	live: "https://core.example/live/1/{z}/{x}/{y}",
	fonts: Object.fromEntries(Object.values(fonts).map((name) => [name, `https://core.example/${name}.woff2`])),
};
const styles = Object.entries(palettes).map(
	([mode, palette]) => [mode, buildStyle(palette, addresses)] as const,
);

/** Every text that stands anywhere in a value of the style. */
function textsIn(value: unknown): string[] {
	if (typeof value === "string") return [value];
	return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

const datasetOf = (layer: LayerSpecification) =>
	(layer.metadata as Record<string, unknown> | undefined)?.[DATASET_KEY];

describe.each(styles)("the style of %s", (_mode, style: StyleSpecification) => {
	it("is valid", () => {
		expect(validateStyleMin(style).map((error) => error.message)).toEqual([]);
	});

	it("has one layer for each name, and not too many for a slow computer", () => {
		const ids = style.layers.map((layer) => layer.id);
		expect(new Set(ids).size).toBe(ids.length);
		// A layer of the program's own sources costs nothing while there is nothing in them.
		const ofTiles = style.layers.filter(
			(layer) => "source" in layer && ["base", "live"].includes(layer.source),
		);
		expect(ofTiles.length).toBeLessThanOrEqual(110);
	});

	it("draws every dataset that is declared", () => {
		const folder = new URL("../../../../../data/datasets/", import.meta.url);
		const hasPlace = (name: string) =>
			!/^geometry = "none"$/m.test(readFileSync(new URL(name, folder), "utf8"));
		const declared = readdirSync(folder)
			.filter(hasPlace)
			.map((name) => name.replace(".toml", ""));
		const drawn = new Set(style.layers.map(datasetOf));
		expect(declared.filter((dataset) => !drawn.has(dataset))).toEqual([]);
	});

	it("asks only for pictures that are drawn", () => {
		const wanted = style.layers
			.flatMap((layer) => [
				...("layout" in layer
					? textsIn((layer.layout as Record<string, unknown> | undefined)?.["icon-image"])
					: []),
				...("paint" in layer
					? textsIn((layer.paint as Record<string, unknown> | undefined)?.["fill-pattern"])
					: []),
			])
			.filter((text) =>
				/^(pattern-|hydrant|flow|pin$|crossed|connection|installation|remains$|inspection$|compared-label)/.test(
					text,
				),
			);
		expect(wanted.length).toBeGreaterThan(10);
		expect(wanted.filter((name) => !imageNames.includes(name))).toEqual([]);
	});

	it("names only fonts that are bundled", () => {
		const named = style.layers.flatMap((layer) =>
			"layout" in layer ? textsIn((layer.layout as Record<string, unknown> | undefined)?.["text-font"]) : [],
		);
		const bundled: string[] = Object.values(fonts);
		expect(named.filter((name) => name.startsWith("Plex") && !bundled.includes(name))).toEqual([]);
	});
});

it("has the same layers in both modes, so that switching keeps the tiles", () => {
	const [sol, natt] = styles.map(([, style]) => style.layers.map((layer) => layer.id));
	expect(natt).toEqual(sol);
});

describe.each(Object.entries(palettes))("the palette of %s", (_mode, palette) => {
	it("keeps pipes apart from built-up ground: 4 to 1", () => {
		for (const pipe of ["water_pipe", "sewer_pipe", "storm_pipe", "combined"] as const)
			expect(contrast(palette[pipe], palette.built), pipe).toBeGreaterThanOrEqual(4);
	});

	it("keeps parcels and shores visible: 3 to 1", () => {
		expect(contrast(palette.parcel, palette.built)).toBeGreaterThanOrEqual(3);
		expect(contrast(palette.shore, palette.land)).toBeGreaterThanOrEqual(3);
	});

	it("lets every name be read on land: 4.5 to 1", () => {
		for (const text of ["text", "textProperty", "textWater", "textNature"] as const)
			expect(contrast(palette[text], palette.land), text).toBeGreaterThanOrEqual(4.5);
	});

	it("lets the letters and the outlines of what is compared be read: 4.5 and 3 to 1", () => {
		expect(contrast(palette.comparedOnBase, palette.comparedBase)).toBeGreaterThanOrEqual(4.5);
		expect(contrast(palette.onPick, palette.comparedStore)).toBeGreaterThanOrEqual(4.5);
		for (const ground of [palette.land, palette.built])
			expect(contrast(palette.comparedCasing, ground)).toBeGreaterThanOrEqual(3);
	});

	it("makes the selection the strongest thing", () => {
		expect(contrast(palette.pick, palette.pickCasing)).toBeGreaterThanOrEqual(10);
	});
});

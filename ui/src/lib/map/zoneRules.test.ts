import type { LayerSpecification } from "maplibre-gl";
import { describe, expect, it } from "vitest";
import { palettes } from "./palette";
import { ZONE_KEY } from "./style/parts";
import { zoneLabels, zones } from "./style/zones";
import { filledZones, opacitiesOf } from "./zoneRules";

const filled = (drawn: string, first = "", chosen: string | null = null) =>
	[...filledZones(drawn.split(" "), { first: first.split(" ").filter((one) => one !== ""), chosen })].join(
		" ",
	);

describe("fills of zones", () => {
	it("are three at most", () => {
		expect(filled("provision shore water nature")).toBe("provision shore water");
	});

	it("are given to the hits of an answer before others", () => {
		expect(filled("provision shore water nature remains", "remains shore")).toBe("remains shore provision");
	});

	it("are not given to what is not drawn", () => {
		expect(filled("shore water", "plan shore")).toBe("shore water");
	});

	it("are the chosen zone's alone", () => {
		expect(filled("provision shore water", "shore water", "water")).toBe("water");
		expect(filled("provision shore", "shore", "va_service_area")).toBe("");
	});
});

describe("a zone that gives way", () => {
	const layers = [...zones(palettes.sol), ...zoneLabels(palettes.sol)];
	const named = (id: string): LayerSpecification => {
		const layer = layers.find((one) => one.id === id);
		if (!layer) throw new Error(id);
		return layer;
	};

	it("is dimmed from what the style gives it, and gets that back", () => {
		expect(opacitiesOf(named("plan-casing"), false)).toEqual([["line-opacity", 0.9]]);
		expect(opacitiesOf(named("plan-casing"), true)).toEqual([["line-opacity", 0.27]]);
		expect(opacitiesOf(named("plan-line"), false)).toEqual([["line-opacity", undefined]]);
	});

	it("is known as a zone in each of its layers", () => {
		for (const layer of layers) expect(layer.metadata, layer.id).toHaveProperty([ZONE_KEY], true);
	});

	it("is dimmed in every kind of layer", () => {
		for (const layer of layers) {
			const dimmed = opacitiesOf(layer, true);
			expect(dimmed.length, layer.id).toBeGreaterThan(0);
			for (const [, value] of dimmed) expect(value, layer.id).toBeLessThan(0.5);
		}
	});
});

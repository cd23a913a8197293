import { createExpression } from "@maplibre/maplibre-gl-style-spec";
import type { LayerSpecification } from "maplibre-gl";
import { describe, expect, it } from "vitest";
import { arrange, condition, type RowFilter } from "./arrange";
import { palettes } from "./palette";
import { buildStyle } from "./style/buildStyle";
import { DATASET_KEY } from "./style/parts";

const { layers } = buildStyle(palettes.sol, { base: "b", live: "l", fonts: {} });
const ids = (all: readonly LayerSpecification[]) => all.map((layer) => layer.id);
const at = (all: readonly LayerSpecification[], id: string) => ids(all).indexOf(id);

const datasetOf = (layer: LayerSpecification) =>
	(layer.metadata as Record<string, unknown> | undefined)?.[DATASET_KEY];

const exercised: RowFilter = {
	dataset: "valve",
	kind: "before_year",
	field: "senast_motionerad",
	by: "",
	value: "2020",
	user: "",
	takesMissing: true,
};

/** Whether a row with these tags passes. */
function passes(filter: RowFilter, properties: Record<string, unknown>): boolean {
	const made = createExpression(condition(filter), "layers[0].filter");
	if (made.result === "error") throw new Error(made.value.map((error) => error.message).join());
	return made.value.evaluate({ zoom: 16 }, { type: 1, properties }) as boolean;
}

describe("an arrangement", () => {
	it("leaves the style as it is while nobody has arranged anything", () => {
		expect(arrange(layers, { orders: [], filters: [] })).toEqual(layers);
	});

	it("draws the topmost of a group on top, and moves nothing else", () => {
		expect(at(layers, "hydrant")).toBeGreaterThan(at(layers, "valve"));
		const moved = arrange(layers, { orders: [["valve", "hydrant"]], filters: [] });
		expect(at(moved, "valve")).toBeGreaterThan(at(moved, "hydrant"));
		expect([...ids(moved)].sort()).toEqual([...ids(layers)].sort());
		const others = (all: readonly LayerSpecification[]) =>
			all.flatMap((layer, index) => {
				const dataset = datasetOf(layer);
				return dataset === "valve" || dataset === "hydrant" ? [] : [`${index} ${layer.id}`];
			});
		expect(others(moved)).toEqual(others(layers));
	});

	it("keeps names above lines, whatever the order", () => {
		const moved = arrange(layers, { orders: [["water_pipe", "valve"]], filters: [] });
		const lines = moved.filter((layer) => datasetOf(layer) === "water_pipe" && layer.type === "line");
		expect(lines.length).toBeGreaterThan(1);
		for (const line of lines) {
			expect(at(moved, "valve-name")).toBeGreaterThan(at(moved, line.id));
			expect(at(moved, line.id)).toBeGreaterThan(at(moved, "valve"));
		}
	});

	it("filters the live layers of its dataset only, on top of their own conditions", () => {
		const filtered = arrange(layers, { orders: [], filters: [exercised] });
		const changed = filtered.filter((layer, index) => layer !== layers[index]);
		expect(changed.length).toBeGreaterThan(0);
		for (const layer of changed) {
			expect((layer.metadata as Record<string, unknown>)[DATASET_KEY]).toBe("valve");
			expect(JSON.stringify((layer as { filter?: unknown }).filter)).toContain("senast_motionerad");
		}
	});
});

describe("a filter on the map", () => {
	it("takes what was exercised before the year, and what never was", () => {
		expect(passes(exercised, { senast_motionerad: "2019-12-31" })).toBe(true);
		expect(passes(exercised, { senast_motionerad: "2020-01-01" })).toBe(false);
		expect(passes(exercised, {})).toBe(true);
		expect(passes({ ...exercised, takesMissing: false }, {})).toBe(false);
	});

	it("takes one value", () => {
		const filter = { ...exercised, kind: "one_of", field: "lage", value: "stängd", takesMissing: false };
		expect(passes(filter, { lage: "stängd" })).toBe(true);
		expect(passes(filter, { lage: "öppen" })).toBe(false);
		expect(passes(filter, {})).toBe(false);
		expect(passes({ ...filter, takesMissing: true }, {})).toBe(true);
	});

	it("takes what the person here did today", () => {
		const filter = {
			...exercised,
			kind: "mine_today",
			field: "completed_at",
			by: "performed_by",
			value: "2026-05-18T22:00:00.000Z",
			user: "Klara",
			takesMissing: false,
		};
		const done = (completed_at: string, performed_by: string) => ({ completed_at, performed_by });
		expect(passes(filter, done("2026-05-19T06:00:00.000Z", "Klara"))).toBe(true);
		expect(passes(filter, done("2026-05-18T21:00:00.000Z", "Klara"))).toBe(false);
		expect(passes(filter, done("2026-05-19T06:00:00.000Z", "Nils"))).toBe(false);
	});
});

import { describe, expect, it } from "vitest";
import { demoCore } from "../core/fake/demoCore";
import { demoDatasets } from "../core/fake/demo";
import { Settings } from "../settings/settings.svelte";
import { leaseDays } from "./layerFacts";
import { Layers } from "./layers.svelte";

function layers(): { layers: Layers; settings: Settings } {
	const core = demoCore();
	const settings = new Settings(core, core.settings);
	return { layers: new Layers(settings, demoDatasets({}, true)), settings };
}

describe("layers", () => {
	it("show what is declared until the person says otherwise", () => {
		const made = layers();
		expect(made.layers.shown.has("parcel")).toBe(true);
		expect(made.layers.shown.has("plan")).toBe(false);
		const plan = made.layers.find("plan");
		if (!plan) throw new Error("no plan");
		made.layers.toggle(plan);
		expect(made.layers.shown.has("plan")).toBe(true);
		made.layers.toggle(plan);
		expect(made.layers.shown.has("plan")).toBe(false);
	});

	it("never stand both as switched on and as switched off", () => {
		const made = layers();
		made.layers.choose("leak");
		made.layers.choose("shore");
		const { layersOn, layersOff } = made.settings.values;
		expect(layersOn.filter((id) => layersOff.includes(id))).toEqual([]);
		expect(new Set(layersOn).size).toBe(layersOn.length);
	});

	it("of the theme for a leak are the pipes without contours", () => {
		const made = layers();
		made.layers.choose("leak");
		expect(made.layers.theme).toBe("leak");
		expect(made.layers.shown.has("water_pipe")).toBe(true);
		expect(made.layers.shown.has("contour")).toBe(false);
		expect(made.layers.shown.has("plan")).toBe(false);
	});

	it("stand topmost first in their group", () => {
		const made = layers();
		const orders = made.layers.inGroup("va").map((dataset) => dataset.order);
		expect(orders).toEqual([...orders].sort((a, b) => b - a));
	});

	it("count the days that a key is good for", () => {
		const [valve] = demoDatasets({}, true).filter((dataset) => dataset.id === "valve");
		if (!valve) throw new Error("no valve");
		expect(leaseDays(valve, new Date("2026-05-19T10:00:00Z"))).toBe(7);
		expect(leaseDays(valve, new Date("2026-05-26T10:00:01Z"))).toBe(-1);
		expect(leaseDays({ ...valve, leaseUntil: null }, new Date("2026-05-19T10:00:00Z"))).toBeNull();
	});
});

import { describe, expect, it } from "vitest";
import { demoCore } from "../core/fake/demoCore";
import { demoDatasets } from "../core/fake/demo";
import { demoThemes } from "../core/fake/fakeLayers";
import { Settings } from "../settings/settings.svelte";
import { filterText, firstValue, startOfDay, yearOf } from "./filters";
import { leaseDays } from "./layerFacts";
import { Layers } from "./layers.svelte";

const now = () => new Date("2026-05-19T10:56:00");

function layers(): { layers: Layers; settings: Settings; core: ReturnType<typeof demoCore> } {
	const core = demoCore();
	const settings = new Settings(core, core.settings);
	const datasets = demoDatasets({}, true);
	const session = { datasets, themes: demoThemes(datasets), userName: "Klara" };
	return { layers: new Layers(settings, session, now), settings, core };
}

function dataset(made: { layers: Layers }, id: string) {
	const found = made.layers.find(id);
	if (!found) throw new Error(`no ${id}`);
	return found;
}

function choose(made: { layers: Layers }, key: string): void {
	const theme = made.layers.themes.find((one) => one.key === key);
	if (!theme) throw new Error(`no ${key}`);
	made.layers.choose(theme);
}

describe("layers", () => {
	it("show what is declared until the person says otherwise", () => {
		const made = layers();
		expect(made.layers.shown.has("parcel")).toBe(true);
		expect(made.layers.shown.has("plan")).toBe(false);
		const plan = dataset(made, "plan");
		made.layers.toggle(plan);
		expect(made.layers.shown.has("plan")).toBe(true);
		made.layers.toggle(plan);
		expect(made.layers.shown.has("plan")).toBe(false);
	});

	it("never stand both as switched on and as switched off", () => {
		const made = layers();
		choose(made, "leak");
		choose(made, "shore");
		const { layersOn, layersOff } = made.settings.values;
		expect(layersOn.filter((id) => layersOff.includes(id))).toEqual([]);
		expect(new Set(layersOn).size).toBe(layersOn.length);
	});

	it("of the theme for a leak are the pipes without contours", () => {
		const made = layers();
		choose(made, "leak");
		expect(made.layers.theme?.key).toBe("leak");
		expect(made.layers.isNetworkFirst).toBe(true);
		expect(made.layers.shown.has("water_pipe")).toBe(true);
		expect(made.layers.shown.has("contour")).toBe(false);
		expect(made.layers.shown.has("plan")).toBe(false);
	});

	it("are saved as a theme of the person's own, which can be taken away and brought back", () => {
		const made = layers();
		made.layers.toggle(dataset(made, "plan"));
		expect(made.layers.theme).toBeNull();
		expect(made.layers.saveTheme("  Grävning ")).toBe(true);
		expect(made.layers.theme?.name).toBe("Grävning");
		choose(made, "all");
		choose(made, "saved:Grävning");
		expect(made.layers.shown.has("plan")).toBe(true);
		expect(made.layers.shown.has("plan_provision")).toBe(false);
		const { theme } = made.layers;
		if (!theme) throw new Error("no theme");
		const undo = made.layers.removeTheme(theme);
		expect(made.settings.values.themes).toEqual([]);
		undo();
		expect(made.settings.values.themes.map((saved) => saved.name)).toEqual(["Grävning"]);
	});

	it("are not saved as a theme without a name, or under a declared one's", () => {
		const made = layers();
		expect(made.layers.saveTheme("  ")).toBe(false);
		expect(made.layers.saveTheme("Läcka")).toBe(false);
		expect(made.settings.values.themes).toEqual([]);
	});

	it("stand topmost first in their group until the person moves one", () => {
		const made = layers();
		const orders = made.layers.inGroup("va").map((one) => one.order);
		expect(orders).toEqual([...orders].sort((a, b) => b - a));
		expect(made.layers.orders).toEqual([]);
		const [first, second] = made.layers.inGroup("va");
		if (!first || !second) throw new Error("no pipes");
		expect(made.layers.move(first, -1)).toBe(false);
		expect(made.layers.move(second, -1)).toBe(true);
		expect(made.layers.inGroup("va").slice(0, 2)).toEqual([second, first]);
		expect(made.layers.orders).toHaveLength(1);
		expect(made.layers.orders[0]?.slice(0, 2)).toEqual([second.id, first.id]);
	});

	it("are dragged to where another of the group stands, and to no other group", () => {
		const made = layers();
		const valve = dataset(made, "valve");
		made.layers.moveTo(valve, dataset(made, "service_pipe"));
		expect(made.layers.inGroup("va").at(-1)?.id).toBe("valve");
		const before = made.settings.values.layerOrder;
		made.layers.moveTo(valve, dataset(made, "parcel"));
		expect(made.settings.values.layerOrder).toEqual(before);
	});

	it("are filtered as declared, and one press shows all again", () => {
		const made = layers();
		const valve = dataset(made, "valve");
		const [exercised, works] = valve.filters;
		if (!exercised || !works) throw new Error("no filters");
		made.layers.setFilter(valve, exercised);
		made.layers.setFilter(valve, exercised, "2018");
		made.layers.setFilter(valve, works);
		expect(made.layers.valueOf(valve, exercised)).toBe("2018");
		expect(made.layers.rowFilters).toMatchObject([
			{ dataset: "valve", kind: "before_year", field: "senast_motionerad", value: "2018" },
			{ dataset: "valve", kind: "one_of", field: "funktion", value: "ej stängbar" },
		]);
		made.layers.clearFilter(valve, works);
		expect(made.layers.filters).toHaveLength(1);
		made.layers.clearFilter(valve);
		expect(made.layers.isFiltered(valve)).toBe(false);
	});

	it("are filtered after the next start, when the filter is still declared", async () => {
		const made = layers();
		const valve = dataset(made, "valve");
		const [exercised] = valve.filters;
		if (!exercised) throw new Error("no filter");
		made.layers.setFilter(valve, exercised, "2019");
		await made.settings.save();
		const again = new Settings(made.core, {
			...made.core.settings,
			filters: [...made.core.settings.filters, { dataset: "valve", filter: "gone", value: "1" }],
		});
		const datasets = demoDatasets({}, true);
		const next = new Layers(again, { datasets, themes: [], userName: "" }, now);
		expect(next.filters.map(({ filter, value }) => [filter.id, value])).toEqual([
			["exercised_before", "2019"],
		]);
	});

	it("count the days that a key is good for", () => {
		const [valve] = demoDatasets({}, true).filter((one) => one.id === "valve");
		if (!valve) throw new Error("no valve");
		expect(leaseDays(valve, new Date("2026-05-19T10:00:00Z"))).toBe(7);
		expect(leaseDays(valve, new Date("2026-05-26T10:00:01Z"))).toBe(-1);
		expect(leaseDays({ ...valve, leaseUntil: null }, new Date("2026-05-19T10:00:00Z"))).toBeNull();
	});
});

describe("filters", () => {
	it("are said in words", () => {
		const made = layers();
		const [exercised, works] = dataset(made, "valve").filters;
		if (!exercised || !works) throw new Error("no filters");
		expect(filterText(exercised, "2018")).toBe("Motionerad före 2018");
		expect(filterText(works, "ej stängbar")).toBe("Funktion: Ej stängbar");
	});

	it("of today begin at midnight where the reader is", () => {
		const made = layers();
		const [mine] = dataset(made, "inspection").filters;
		if (!mine) throw new Error("no filter");
		expect(firstValue(mine, now())).toBe(startOfDay(now()));
		expect(new Date(startOfDay(now())).getHours()).toBe(0);
	});

	it("take no year that is none", () => {
		expect(yearOf(" 2020 ")).toBe("2020");
		for (const text of ["", "20", "2020,5", "abc", "99999"]) expect(yearOf(text)).toBeNull();
	});
});

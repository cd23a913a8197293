import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ageOf, ageRank, usedAsText } from "./datasetText";
import { demoDatasets } from "./fake/demoDatasets";
import { Sorting } from "./sorting.svelte";

const [some] = demoDatasets();
if (!some) throw new Error("there are datasets");
const aged = (ageDays: number | null, maxAgeDays: number | null) => ({
	...some,
	ageDays,
	maxAgeDays,
	dataDate: ageDays === null ? null : "2026-01-01",
});

describe("the age of data", () => {
	it("is told against its limit", () => {
		expect(ageOf(aged(12, 30))).toEqual({ state: "fresh", text: "12 dagar, gräns 30", share: 0.4 });
		expect(ageOf(aged(1, 30))).toMatchObject({ text: "1 dag, gräns 30" });
		expect(ageOf(aged(0, 30))).toMatchObject({ text: "i dag, gräns 30", share: 0 });
		expect(ageOf(aged(800, null))).toEqual({ state: "fresh", text: "800 dagar, ingen gräns", share: null });
	});

	it("is old past its limit, and not on the day of it", () => {
		expect(ageOf(aged(94, 30))).toEqual({ state: "old", text: "Gammalt: 94 dagar, gräns 30", share: 1 });
		expect(ageOf(aged(30, 30)).state).toBe("fresh");
		expect(ageOf(aged(31, 30)).state).toBe("old");
	});

	it("of no data is none", () => {
		expect(ageOf(aged(null, 30))).toEqual({ state: "none" });
	});

	it("sorts by the part of the limit that is used, no data first, data without a limit last", () => {
		const all = [aged(800, null), aged(10, 30), aged(94, 30), aged(null, null), aged(20, 14)];
		const order = all.toSorted((a, b) => ageRank(b) - ageRank(a)).map((it) => it.ageDays);
		expect(order).toEqual([null, 94, 20, 10, 800]);
	});
});

it("every role that a dataset may have is told in words", () => {
	const rust = readFileSync(new URL("../../../crates/model/src/dataset.rs", import.meta.url), "utf8");
	const [, roles = ""] = /pub enum Role \{(.*?)\n\}/s.exec(rust) ?? [];
	const names = [...roles.matchAll(/^ {4}([A-Z]\w+),/gm)].map((it) =>
		(it[1] ?? "").replaceAll(/(?!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase(),
	);
	expect(names.length).toBeGreaterThan(15);
	expect(names.filter((it) => it !== "other" && usedAsText(it) === usedAsText("other"))).toEqual([]);
});

describe("a table", () => {
	const rows = [
		{ name: "Öl", n: 2 },
		{ name: "ankor", n: 10 },
		{ name: "Zebror", n: 2 },
	];
	const rank = { name: (it: (typeof rows)[0]) => it.name.toLowerCase(), n: (it: (typeof rows)[0]) => it.n };

	it("is sorted by names upwards and by figures downwards first, and turned by a second press", () => {
		const sorting = new Sorting<"name" | "n">("name", ["name"]);
		const names = () => sorting.sorted(rows, rank).map((it) => it.name);
		expect(names()).toEqual(["ankor", "Zebror", "Öl"]);
		sorting.by("n");
		expect(names()).toEqual(["ankor", "Öl", "Zebror"]);
		sorting.by("n");
		expect(names()).toEqual(["Öl", "Zebror", "ankor"]);
		sorting.by("name");
		expect(sorting.isUp).toBe(true);
	});
});

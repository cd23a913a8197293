import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { demoDeliveries } from "./fake/demoDeliveries";
import { exampleText, problemText } from "./problemText";
import { fittingSystem, stopText, systemsToChoose } from "./stopText";

const rust = (file: string) =>
	readFileSync(new URL(`../../../crates/formats/src/${file}`, import.meta.url), "utf8");
/** Only exports end with these. */
const OF_EXPORTS = ["mixed_geometry", "unsupported_export"];

const stopped = demoDeliveries().find((it) => it.state === "stopped");
if (!stopped) throw new Error("one of the deliveries is stopped");
const with_ = (code: string, facts: Record<string, string> = {}) => stopText({ ...stopped, code, facts });

describe("a delivery that was stopped", () => {
	const codes = ["error.rs", "placement.rs"]
		.flatMap((file) => [...rust(file).matchAll(/=> "([a-z_]+)",/g)].map((it) => it[1] ?? ""))
		.filter((code) => !OF_EXPORTS.includes(code));

	it("has words of its own for every code of the readers of files", () => {
		expect(codes.length).toBeGreaterThan(15);
		const other = with_("nobody_knows").fact;
		const facts = codes.map((code) => with_(code, { ending: "xyz" }).fact);
		expect(codes.filter((_, idx) => facts[idx] === other)).toEqual([]);
		expect(new Set(facts).size, "two codes say the same").toBe(codes.length);
	});

	it("says what to do in every case", () => {
		for (const code of [...codes, "nobody_knows"]) expect(with_(code).todo, code).toMatch(/[.]$/);
	});

	it("for its zone says what the file says and what the values fit, and offers that", () => {
		expect(stopText(stopped)).toEqual({
			fact: "Koordinaterna ligger i fel zon.",
			todo: "Filen säger SWEREF 99 15 00 men värdena passar SWEREF 99 TM.",
		});
		expect(fittingSystem(stopped)).toEqual({ epsg: 3006, name: "SWEREF 99 TM" });
		expect(systemsToChoose(stopped)).toEqual([]);
	});

	it("without a system, or in none that fits, lets the coordinator choose", () => {
		expect(with_("unknown_crs").fact).toBe("Filen saknar referenssystem.");
		expect(with_("unknown_crs", { declared: "EPSG:2154" }).fact).toBe(
			"Referenssystemet EPSG:2154 läses inte.",
		);
		const choice = systemsToChoose({ ...stopped, code: "unknown_crs", facts: {} });
		expect(choice[0]).toEqual({ epsg: 3006, name: "SWEREF 99 TM" });
		// EPSG registry: 3009 is the zone of 15 00, 3018 that of 23 15, 3021 RT 90 2,5 gon V.
		for (const [epsg, name] of [
			[3009, "SWEREF 99 15 00"],
			[3018, "SWEREF 99 23 15"],
			[3021, "RT 90 2,5 gon V"],
		] as const)
			expect(choice.find((it) => it.epsg === epsg)?.name).toBe(name);
		expect(systemsToChoose({ ...stopped, code: "disk_full", facts: {} })).toEqual([]);
	});

	it("names the layers of a file that nobody knows, when they were told", () => {
		expect(with_("unknown_delivery", { layers: "trad, bank" }).todo).toContain("I filen finns trad, bank.");
		expect(with_("unknown_delivery").todo).not.toContain("I filen finns");
	});
});

describe("a problem", () => {
	const told = /A stable code:(.*?)\n\s+pub code/s.exec(rust("features.rs"))?.[1] ?? "";
	const codes = [...told.matchAll(/`([a-z_]+)`/g)].map((it) => it[1] ?? "");
	const said = (code: string, count: number) =>
		problemText({ code, count, isBlocking: false, examples: [] }, "SWEREF 99 TM");

	it("has words of its own for every code that rows and layers get", () => {
		expect(codes.length).toBeGreaterThan(15);
		const facts = codes.map((code) => said(code, 2).fact);
		expect(facts.filter((fact) => fact.includes("av slaget"))).toEqual([]);
		expect(new Set(facts).size, "two codes say the same").toBe(codes.length);
		for (const code of codes) expect(said(code, 2).more, code).toMatch(/[.]$/);
	});

	it("says one, several and many", () => {
		expect(said("self_intersection", 1).fact).toBe("1 yta korsar sig själv.");
		expect(said("self_intersection", 4)).toEqual({
			fact: "4 ytor korsar sig själva.",
			more: "Läses in och märks, geometrin behålls som levererad.",
		});
		expect(said("self_intersection", 1234).fact).toBe("1\u00a0234 ytor korsar sig själva.");
	});

	it("of a system that was assumed names it, and one that is new keeps its code", () => {
		expect(said("crs_assumed", 1).more).toContain("SWEREF 99 TM");
		expect(said("moon_phase", 3).fact).toBe("3 problem av slaget moon_phase.");
	});

	it("shows the supplier's own value, and none of the reader's words", () => {
		expect(exampleText("unknown_code", "material: PPX")).toBe("material: PPX");
		expect(exampleText("invalid_geometry", "an ordinate lies outside the projection")).toBe("");
	});
});

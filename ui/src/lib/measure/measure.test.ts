import { describe, expect, it } from "vitest";
import { demoCore, SlowCore } from "../core/fake/demoCore";
import { Settings } from "../settings/settings.svelte";
import { Measure, type Pointed } from "./measure.svelte";
import { accuracyText, measuredArea, measuredHectares, measuredLength } from "./measureText";
import { MeasureNotes } from "./notes";

const at = (lonDeg: number, latDeg: number, snapM = 0): Pointed => ({
	lonDeg,
	latDeg,
	snapM,
	accuracyM: 0.1,
});
const corners = [at(15.04, 59.52), at(15.041, 59.52), at(15.041, 59.5205), at(15.04, 59.5205)] as const;
const plain = (text: string) => text.replaceAll("\u00a0", " ");

function measure(): Measure {
	return new Measure(demoCore(), () => ["parcel", "valve"]);
}

describe("a measure", () => {
	it("grows by each place and shrinks by Backspace", async () => {
		const made = measure();
		await made.add(corners[0]);
		expect(made.answer?.state).toBe("too_few");
		await made.add(corners[1]);
		const first = made.answer?.value ?? 0;
		expect(first).toBeGreaterThan(50);
		await made.add(corners[2]);
		expect(made.answer?.value ?? 0).toBeGreaterThan(first);
		await made.removeLast();
		expect(made.answer?.value).toBeCloseTo(first, 6);
	});

	it("follows the pointer, and forgets it at the end", async () => {
		const made = measure();
		await made.add(corners[0]);
		await made.follow(corners[1]);
		expect(made.hasLive).toBe(true);
		expect(made.answer?.state).toBe("length");
		await made.finish();
		expect(made.hasLive).toBe(false);
		expect(made.answer?.state).toBe("too_few");
	});

	it("has no figure while its area crosses itself", async () => {
		const made = measure();
		made.choose("area");
		for (const index of [0, 2, 1, 3] as const) await made.add(corners[index]);
		expect(made.answer).toMatchObject({ state: "crosses", value: null });
	});

	it("counts two presses at one place as one place", async () => {
		const made = measure();
		await made.add(corners[0]);
		await made.add(corners[1]);
		await made.add(corners[1]);
		expect(made.placed).toHaveLength(2);
	});

	it("begins anew after its end", async () => {
		const made = measure();
		for (const place of corners) await made.add(place);
		await made.finish();
		await made.add(corners[2]);
		expect(made.placed).toHaveLength(1);
	});

	it("ends by itself where one place is enough", async () => {
		const made = measure();
		made.choose("boundary");
		await made.add(corners[0]);
		expect(made.isFinished).toBe(true);
		expect(made.answer).toMatchObject({ state: "boundary" });
		await made.add(corners[1]);
		expect(made.placed).toHaveLength(1);
	});

	it("is not put back by a late answer about the pointer", async () => {
		const slow = new SlowCore(demoCore(), "measure_places");
		const made = new Measure(slow, () => []);
		const hovering = made.follow(corners[0]);
		made.clear();
		await slow.release(0);
		await hovering;
		expect(made.answer).toBeNull();
	});

	it("keeps a refusal and the places that were there", async () => {
		const core = demoCore();
		const made = new Measure(core, () => []);
		await made.add(corners[0]);
		core.refusals.set("measure_places", { code: "internal" });
		await made.add(corners[1]);
		expect(made.failure).toEqual({ code: "internal" });
		expect(made.placed).toHaveLength(1);
	});
});

describe("a figure", () => {
	it("has the decimals that its accuracy carries", () => {
		expect(plain(measuredLength(46.7219, 0.1))).toBe("46,72 m");
		expect(plain(measuredLength(46.7219, 0.5))).toBe("46,7 m");
		expect(plain(measuredLength(46.7219, 2))).toBe("47 m");
		expect(plain(measuredLength(1234.5, 25))).toBe("1 230 m");
		expect(plain(measuredArea(1223.4, 0.1))).toBe("1 223 m²");
		expect(plain(measuredArea(1223.4, 2))).toBe("1 220 m²");
		expect(plain(measuredHectares(1223.4, 0.1))).toBe("0,122 ha");
	});

	it("is never told surer than it is", () => {
		expect(plain(accuracyText(0.1))).toBe("± 0,1 m");
		expect(plain(accuracyText(1.13))).toBe("± 1,2 m");
		expect(plain(accuracyText(2))).toBe("± 2 m");
		expect(plain(accuracyText(12.4))).toBe("± 13 m");
	});
});

describe("the measures of the day", () => {
	it("are kept newest first, taken away, brought back, and gone the next day", () => {
		const core = demoCore();
		const settings = new Settings(core, core.settings);
		let now = new Date("2026-05-19T23:50:00");
		const notes = new MeasureNotes(settings, () => now);
		const note = { kind: "length", accuracyM: 0.1, label: "", places: [] };
		notes.keep({ ...note, value: 1 });
		notes.keep({ ...note, value: 2 });
		expect(notes.list.map(({ value }) => value)).toEqual([2, 1]);
		const undo = notes.remove(notes.list[0]?.id ?? "");
		expect(notes.list.map(({ value }) => value)).toEqual([1]);
		undo();
		expect(notes.list).toHaveLength(2);
		now = new Date("2026-05-20T00:10:00");
		expect(notes.list).toEqual([]);
		notes.keep({ ...note, value: 3 });
		expect(settings.values.measures.map(({ value }) => value)).toEqual([3]);
	});
});

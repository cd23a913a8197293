import { describe, expect, it } from "vitest";
import { cleanText, displayValue, parseInput, type ValueKind } from "./parseInput";

const TODAY = "2026-05-19";

/** The stored text, or null when it was refused. */
function parsed(kind: ValueKind, typed: string): string | null {
	const result = parseInput(kind, typed, TODAY);
	return result.ok ? result.value : null;
}

describe("numbers", () => {
	it.each([
		["12,5", "12.5"],
		["12.5", "12.5"],
		["1 234,50", "1234.50"],
		["1\u00a0234", "1234"],
		["−3,2", "-3.2"],
		[",5", "0.5"],
		["12,", "12"],
		["", ""],
	])("the decimal %j is kept as %j", (typed, stored) => {
		expect(parsed("decimal", typed)).toBe(stored);
	});

	it.each(["12x", "1,2,3", "-", "NaN", "Infinity", "1e5"])("%j is no decimal", (typed) => {
		expect(parsed("decimal", typed)).toBeNull();
	});

	it.each([
		["014", "14"],
		[" 7 ", "7"],
		["+3", "3"],
		["1 000", "1000"],
	])("the whole number %j is kept as %j", (typed, stored) => {
		expect(parsed("integer", typed)).toBe(stored);
	});

	it.each(["12,7", "12.7", "12x", "1 2 x", "99999999999999999"])("%j is no whole number", (typed) => {
		expect(parsed("integer", typed)).toBeNull();
	});
});

describe("dates and times", () => {
	it.each([
		["2026-05-29", "2026-05-29"],
		["20260529", "2026-05-29"],
		["260529", "2026-05-29"],
		["29/5", "2026-05-29"],
		["29.5", "2026-05-29"],
		["29/5 2027", "2027-05-29"],
		["2028-02-29", "2028-02-29"],
	])("the date %j is kept as %j", (typed, stored) => {
		expect(parsed("date", typed)).toBe(stored);
	});

	it.each(["2026-02-29", "2026-13-01", "31/4", "i morgon", "0000-01-01"])("%j is no date", (typed) => {
		expect(parsed("date", typed)).toBeNull();
	});

	it.each([
		["8.15", "08:15:00"],
		["8:15", "08:15:00"],
		["0815", "08:15:00"],
		["8", "08:00:00"],
		["23:59:58", "23:59:58"],
		["08:15:00.000+02:00", "08:15:00"],
	])("the time %j is kept as %j", (typed, stored) => {
		expect(parsed("time", typed)).toBe(stored);
	});

	it.each(["24:00", "8:60", "kvart över"])("%j is no time", (typed) => {
		expect(parsed("time", typed)).toBeNull();
	});

	it("a moment has a date and a time", () => {
		expect(parsed("datetime", "2026-05-29 8.15")).toBe("2026-05-29T08:15:00");
		expect(parsed("datetime", "2026-05-29")).toBeNull();
	});
});

describe("positions and text", () => {
	it("a position needs latitude and longitude on the globe", () => {
		expect(parsed("geopoint", "59.5 15.04")).toBe("59.5 15.04 0 0");
		expect(parsed("geopoint", "59.5")).toBeNull();
		expect(parsed("geopoint", "95 15")).toBeNull();
	});

	it("text keeps its letters, blanks and lines and loses what XML cannot hold", () => {
		expect(parsed("text", " å <b> ")).toBe(" å <b> ");
		expect(cleanText("a\u0000b\r\nc\ud800d\u{1f600}")).toBe("ab\ncd\u{1f600}");
	});
});

describe("what a field shows", () => {
	it.each<[ValueKind, string, string]>([
		["decimal", "12.5", "12,5"],
		["time", "08:15:00.000+02:00", "08:15"],
		["datetime", "2026-05-29T08:15:00", "2026-05-29 08:15"],
		["integer", "14", "14"],
	])("%s %s reads %s", (kind, value, shown) => {
		expect(displayValue(kind, value)).toBe(shown);
	});

	it("is understood again as the same value", () => {
		for (const [kind, value] of [
			["decimal", "-12.5"],
			["time", "08:15:00"],
			["date", "2026-05-29"],
		] as const) {
			expect(parsed(kind, displayValue(kind, value))).toBe(value);
		}
	});
});

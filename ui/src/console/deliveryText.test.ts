import { describe, expect, it } from "vitest";
import type { ConsoleDeliveryDto } from "./bindings";
import {
	crsText,
	deliveryName,
	deliveryNumber,
	fileSizeText,
	laptopsText,
	placeText,
	placeToCopy,
	stateOf,
	whenText,
} from "./deliveryText";
import { demoDeliveries } from "./fake/demoDeliveries";
import { marksOf, problemKey, problemsSum } from "./problemMarks";

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const now = new Date("2026-05-19T10:56:00");
const named = (name: string): ConsoleDeliveryDto => {
	const found = demoDeliveries().find((it) => deliveryName(it) === name || it.name === name);
	if (!found) throw new Error(`no delivery ${name}`);
	return found;
};
const parcels = named("Fastighetsindelning");

describe("a delivery", () => {
	it("says its state as the page of the interface has it", () => {
		const said = demoDeliveries().map((it) => plain(stateOf(it).text));
		expect(said).toEqual([
			"Granska, 7 problem",
			"Kontrolleras 64 %",
			"Publicerad",
			"Publicerad",
			"Stoppad, fel zon",
			"Publicerad",
			"Publicerad",
			"Ersatt",
		]);
	});

	it("that was stopped for a reason without a short word is only stopped", () => {
		expect(stateOf({ ...parcels, state: "stopped", code: "io" }).text).toBe("Stoppad");
	});

	it("is called by its datasets, and by its file until they are known", () => {
		expect(deliveryName(parcels)).toBe("Fastighetsindelning");
		expect(deliveryName(named("va_ledningsnat.gpkg"))).toBe("Vattenledningar och 2 till");
		expect(deliveryName(named("strandskydd_18.zip"))).toBe("strandskydd_18.zip");
		expect(deliveryNumber({ ...parcels, number: 7 })).toBe("L-0007");
	});

	it("came today, yesterday or on a day with a name", () => {
		expect(plain(whenText("2026-05-19T06:02:00", now))).toBe("i dag 06:02");
		expect(plain(whenText("2026-05-18T16:40:00", now))).toBe("i går 16:40");
		expect(plain(whenText("2026-05-12T08:30:00", now))).toBe("12 maj 08:30");
	});

	it("has a size in whole MB, in tenths when it is small, in kB when it is very small", () => {
		expect([38_000_000, 9_000_000, 1_900_000, 12_400, 1].map((it) => plain(fileSizeText(it)))).toEqual([
			"38 MB",
			"9 MB",
			"1,9 MB",
			"13 kB",
			"1 kB",
		]);
	});

	it("names both systems, and one when they are the same", () => {
		expect(plain(crsText("SWEREF 99 TM", "SWEREF 99 15 00"))).toBe("SWEREF 99 TM till 15 00");
		expect(plain(crsText("RT 90 2,5 gon V", "SWEREF 99 15 00"))).toBe("RT 90 2,5 gon V till SWEREF 99 15 00");
		expect(crsText("SWEREF 99 15 00", "SWEREF 99 15 00")).toBe("SWEREF 99 15 00");
	});

	it("says what each laptop fetches, when that is known", () => {
		expect(plain(laptopsText(parcels))).toBe("24 hämtar, cirka 1,9 MB var");
		expect(plain(laptopsText({ ...parcels, nLaptops: 1 }))).toBe("1 hämtar, cirka 1,9 MB");
		expect(plain(laptopsText({ ...parcels, nBytesEach: null }))).toBe("24 hämtar");
		expect(laptopsText({ ...parcels, nLaptops: 0 })).toBe("Ingen dator har det här");
	});
});

describe("a place", () => {
	const at = { row: 1, text: "", label: "", eastingM: 152_143.26, northingM: 6_600_379 };

	it("stands northing first with thin grouping, and is copied as plain figures", () => {
		expect(plain(placeText(at) ?? "")).toBe("N 6 600 379  E 152 143");
		expect(placeToCopy(at)).toBe("6600379 152143.3");
	});

	it("is missing when either half is", () => {
		expect(placeText({ ...at, eastingM: null })).toBeNull();
		expect(placeText({ ...at, northingM: null })).toBeNull();
	});
});

describe("the problems of a delivery", () => {
	it("are summed with how many of them stop it", () => {
		expect(problemsSum(parcels)).toBe("7 objekt, inget stoppar");
		const [of] = parcels.datasets;
		const [first, ...rest] = of?.problems ?? [];
		if (!of || !first) throw new Error("the parcels have problems");
		const stopping = { ...of, problems: [{ ...first, isBlocking: true }, ...rest] };
		expect(problemsSum({ ...parcels, datasets: [stopping] })).toBe("7 objekt, 4 stoppar");
		expect(problemsSum({ ...parcels, datasets: [{ ...of, problems: [] }] })).toBe("Inga problem.");
	});

	it("lie on the map with the numbers of the list that is open, the others dim", () => {
		expect(marksOf(parcels, null).map((it) => [it.number, it.isDim])).toEqual(Array(7).fill([null, false]));
		const open = marksOf(parcels, problemKey("parcel", "unknown_code"));
		expect(open.map((it) => it.number)).toEqual([null, null, null, null, 1, 2, null]);
		expect(open.map((it) => it.isDim)).toEqual([true, true, true, true, false, false, true]);
	});

	it("without a place are left out of the map", () => {
		expect(marksOf(named("Byggnader"), null)).toEqual([]);
	});
});

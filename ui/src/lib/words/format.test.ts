import { describe, expect, it } from "vitest";
import { pointOfGrid } from "../core/fake/projection";
import {
	areaText,
	clockText,
	distanceText,
	municipalityText,
	nearText,
	numberText,
	positionText,
	positionToCopy,
	scaleText,
	sizeText,
} from "./format";

it("names a municipality as Swedish does", () => {
	const names = ["Nora", "Hällefors", "Lindesberg", "Ljusnarsberg", "Örebro", ""];
	expect(names.map(municipalityText)).toEqual([
		"Nora kommun",
		"Hällefors kommun",
		"Lindesbergs kommun",
		"Ljusnarsbergs kommun",
		"Örebro kommun",
		"",
	]);
});

const plain = (text: string) => text.replaceAll("\u00a0", " ");

describe("numbers", () => {
	it("group by thin steps, with the language's comma and no break", () => {
		expect(numberText(6600379)).toBe("6\u00a0600\u00a0379");
		expect(numberText(-1234.5, 1)).toBe("−1\u00a0234,5");
		expect(numberText(-0.04, 1)).toBe("0,0");
		expect(numberText(999)).toBe("999");
	});

	it("of distances get coarser with length", () => {
		expect(
			["3.4", "212", "987", "1234", "31200"].map((metres) => plain(distanceText(Number(metres)))),
		).toEqual(["3 m", "210 m", "985 m", "1,2 km", "31 km"]);
	});

	it("of areas show hectares from one hectare", () => {
		expect(plain(areaText(1223))).toBe("1 223 m²");
		expect(plain(areaText(12_230))).toBe("12 230 m² · 1,2 ha");
	});

	it("of scales are round", () => {
		expect([2243, 570, 146_345, 1080].map((scale) => plain(scaleText(scale)))).toEqual([
			"1:2 250",
			"1:570",
			"1:145 000",
			"1:1 100",
		]);
	});

	it("of bytes are told in MB", () => {
		expect([412_000_000, 1_900_000, 2_500_000_000].map((bytes) => plain(sizeText(bytes)))).toEqual([
			"412 MB",
			"1,9 MB",
			"2,5 GB",
		]);
	});
});

describe("positions", () => {
	const point = pointOfGrid(152_143, 6_600_379);

	it("have north before east in every system", () => {
		expect(plain(positionText(point, "grid"))).toBe("N 6 600 379  E 152 143");
		expect(plain(positionText(point, "wgs84"))).toMatch(/^59,5\d+ N {2}15,03\d+ E$/);
		expect(positionToCopy(point, "grid")).toBe("6600379 152143");
	});
});

describe("moments", () => {
	const now = new Date("2026-05-19T10:56:00");

	it("near are told by day and time, far by date", () => {
		expect(nearText("2026-05-19T10:41:00", now)).toBe("i dag 10:41");
		expect(nearText("2026-05-18T23:59:00", now)).toBe("i går 23:59");
		expect(nearText("2026-05-12T08:00:00", now)).toBe("2026-05-12");
		expect(clockText("2026-05-18T08:12:00", now)).toBe("2026-05-18");
		expect(clockText("2026-05-19T08:12:00", now)).toBe("08:12");
	});
});

import { afterEach, describe, expect, it } from "vitest";
import type { AppliesDto, AppliesRowDto, UnansweredDto } from "../core/bindings";
import { demoCore } from "../core/fake/demoCore";
import { getLocale, overwriteGetLocale } from "../words/generated/runtime.js";
import {
	ageText,
	answerAsText,
	bearingText,
	extentText,
	placeText,
	provisionGroups,
	provisionText,
	reasonText,
	shareText,
	signParts,
	sourceText,
	subjectsText,
} from "./appliesText";

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const spoken = getLocale;
afterEach(() => overwriteGetLocale(spoken));

async function ask(options = {}): Promise<AppliesDto> {
	const result = await demoCore(options).call("load_applies", {
		dataset: "parcel",
		feature: "p110",
		lonDeg: null,
		latDeg: null,
	});
	if (!result.ok) throw new Error("no answer");
	return result.value;
}

async function row(part: Partial<AppliesRowDto> = {}): Promise<AppliesRowDto> {
	const [first] = (await ask()).concerns;
	if (!first) throw new Error("no row");
	return { ...first, ...part };
}

describe("the extent", () => {
	it("is the whole parcel, or the place itself", async () => {
		expect(extentText(await row({ relation: "inside" }), true)).toBe("Hela");
		expect(extentText(await row({ relation: "inside" }), false)).toBe("Här");
	});

	it("is a share that never rounds to nothing or to everything", async () => {
		const partly = async (sharePct: number | null) =>
			plain(extentText(await row({ relation: "partly", sharePct }), true));
		expect(await partly(71.4)).toBe("Delvis, 71 %");
		expect(await partly(0.6)).toBe("Delvis, under 1 %");
		expect(await partly(99.7)).toBe("Delvis, över 99 %");
		expect(await partly(null)).toBe("Delvis");
		expect(plain(shareText(1))).toBe("1 %");
		expect(plain(shareText(99))).toBe("99 %");
	});

	it("is a distance and a direction, or that they touch", async () => {
		const within = async (distanceM: number, direction = "nw") =>
			plain(extentText(await row({ relation: "within", distanceM, direction }), true));
		expect(await within(64.3)).toBe("64 m nordväst");
		expect(await within(0)).toBe("Gränsar till");
		expect(await within(0.4)).toBe("under 1 m nordväst");
		expect(await within(1240)).toBe("1,2 km nordväst");
		expect(await within(64, "")).toBe("64 m");
	});

	it("knows eight directions and invents none", () => {
		const codes = "n ne e se s sw w nw".split(" ");
		expect(codes.map(bearingText)).toEqual([
			"norr",
			"nordost",
			"öster",
			"sydost",
			"söder",
			"sydväst",
			"väster",
			"nordväst",
		]);
		expect(bearingText("up")).toBe("");
	});
});

describe("a row's source", () => {
	it("names publisher, date, rules and accuracy, as far as they are known", async () => {
		expect(sourceText(await row())).toBe("DP-0417, Nora kommun · data 2026-05-12 · laga kraft 2019-06-14");
		expect(
			sourceText(await row({ dataDate: null, legalVersion: { sv: "", en: "" }, accuracy: "läge ± 20 m" })),
		).toBe("DP-0417, Nora kommun · datadatum saknas · läge ± 20 m");
	});

	it("warns of age only when the data are older than their limit", async () => {
		expect(ageText(await row({ isOld: false, ageDays: 94 }))).toBe("");
		expect(ageText(await row({ isOld: true, ageDays: 94 }))).toBe("Gammalt: 94 dagar");
		expect(ageText(await row({ isOld: true, ageDays: null }))).toBe("Gammalt");
	});
});

describe("provisions", () => {
	it("stand by kind, use first, with the share they reach", async () => {
		const { provisions } = await row();
		expect(
			provisionGroups([...provisions].reverse()).map((group) => [
				group.name,
				group.provisions.map(provisionText).map(plain),
			]),
		).toEqual([
			["Användning", ["bostäder"]],
			["Egenskap", ["Prickmark på 23 %", "byggnadsarea högst 200 m²"]],
		]);
	});

	it("have signs with an index", () => {
		expect(signParts("e1")).toEqual(["e", "1"]);
		expect(signParts("B")).toEqual(["B", ""]);
		expect(signParts("+0,0")).toEqual(["+0,0", ""]);
	});
});

describe("what has no answer", () => {
	const unanswered = (part: Partial<UnansweredDto>): string =>
		plain(
			reasonText({
				subject: { sv: "X", en: "X" },
				reason: "missing",
				dataDate: "2025-05-02",
				ageDays: 400,
				legalFrom: "2025-07-01",
				...part,
			}),
		);

	it("says why", () => {
		expect(unanswered({ reason: "missing" })).toBe("lagret saknas här.");
		expect(unanswered({ reason: "locked" })).toBe("lagret är låst, nyckeln har gått ut.");
		expect(unanswered({ reason: "old" })).toBe("lagret är 400 dagar gammalt.");
		expect(unanswered({ reason: "old", ageDays: null })).toBe("lagret är för gammalt.");
		expect(unanswered({ reason: "outdated_rules" })).toBe("data från 2025-05-02, före reglerna 1 juli 2025.");
		expect(unanswered({ reason: "outdated_rules", dataDate: null })).toBe(
			"data utan datum, kan vara före reglerna 1 juli 2025.",
		);
	});
});

describe("names in a row", () => {
	it("begin small after the first, but names of their own do not", () => {
		const title = (sv: string) => ({ sv, en: "" });
		expect(subjectsText(["Vattenskydd", "Natura 2000", "Förorenad mark", "VA-område"].map(title))).toBe(
			"Vattenskydd, Natura 2000, förorenad mark, VA-område",
		);
	});
});

describe("the place", () => {
	it("is a parcel, a point in one, or a bare point", async () => {
		const answer = await ask();
		expect(placeText(answer, "grid")).toBe("Exempelhyttan 1:5 · Nora kommun");
		expect(placeText({ ...answer, feature: "", dataset: "" }, "grid")).toBe(
			"Punkt i Exempelhyttan 1:5 · Nora kommun",
		);
		expect(plain(placeText({ ...answer, feature: "", title: "", municipality: "" }, "grid"))).toMatch(
			/^Punkt N 6 600 \d{3} {2}E 152 \d{3}$/,
		);
	});
});

describe("the copied text", () => {
	const expected = `Vad gäller här? Exempelhyttan 1:5 · Nora kommun
POSITION (SWEREF 99 15 00) · Uttaget 2026-05-19
Underlag, inte besked. Läs planhandlingen före beslut.

Berör fastigheten
1. Detaljplan Hyttstranden (Hela)
   Användning: B bostäder
   Egenskap: e1 byggnadsarea högst 200 m²; Prickmark på 23 %
   DP-0417, Nora kommun · data 2026-05-12 · laga kraft 2019-06-14
2. Strandskydd 100 m (Hela)
   Landområde. Lagret följer reglerna från 1 juli 2025.
   Länsstyrelsen · data 2026-04-02
3. Verksamhetsområde VA (Hela)
   Vatten, spillvatten och dagvatten
   Egen data · data 2026-05-18

Nära
4. Hyttlämning (DISTANCE m öster)
   Okända lämningar skyddas också.
   Kulturmiljöregistret, RAÄ · data 2026-03-30 · läge ± 20 m

Ingen träff i lagrade lager
Vattenskyddsområde · data 2026-05-12
Naturreservat · data 2026-05-12
Natura 2000 · data 2026-05-12
Förorenad mark · data 2026-04-20
Riksintresse · data 2026-03-30
Ledningsrätt · data 2026-05-12

Utan svar
Skred och ras: lagret saknas här.
`;
	const masked = (text: string) =>
		text.replace(/N 6 600 \d{3} E 152 \d{3}/, "POSITION").replace(/\(\d+ m öster\)/, "(DISTANCE m öster)");

	it("has the four groups with their sources", async () => {
		expect(masked(answerAsText(await ask(), "SWEREF 99 15 00", "2026-05-19"))).toBe(expected);
	});

	it("is Swedish whatever the interface speaks, and the interface goes on in its own", async () => {
		overwriteGetLocale(() => "en");
		expect(masked(answerAsText(await ask(), "SWEREF 99 15 00", "2026-05-19"))).toBe(expected);
		expect(getLocale()).toBe("en");
	});

	it("never says that something is allowed", async () => {
		const empty = { ...(await ask()), concerns: [], near: [] };
		const text = answerAsText(empty, "SWEREF 99 15 00", "2026-05-19");
		expect(text).toContain("Inget lagrat lager berör fastigheten.");
		expect(text).not.toMatch(/tillåt|fritt|okej/i);
	});
});

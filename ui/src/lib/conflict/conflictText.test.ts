import { describe, expect, it } from "vitest";
import { demoConflicts } from "../core/fake/demoConflicts";
import type { ConflictCardDto } from "../core/bindings";
import {
	accuracyText,
	clashTitle,
	mergedText,
	moveText,
	noteText,
	sideText,
	valueText,
	wholeChoices,
	wholeColumns,
} from "./conflictText";
import { checkTyped } from "./written";

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const cardOf = (kind: Parameters<typeof demoConflicts>[0][number]): ConflictCardDto => {
	const [card] = demoConflicts([kind]);
	if (!card) throw new Error("no card");
	return card;
};

describe("a move in words", () => {
	it.each([
		[8.12, "nw", "8,1 m åt NV"],
		[0.84, "e", "0,84 m åt O"],
		[15.5, "w", "15,5 m åt V"],
		[1240, "s", "1 240 m åt S"],
		[0.004, "n", "samma plats"],
		[8, "", "8,0 m som mest"],
	])("of %d to %s is %s", (distanceM, direction, text) => {
		expect(plain(moveText({ distanceM, direction }))).toBe(text);
	});

	it("carries its accuracy as it was measured", () => {
		expect([0.02, 0.3, 2, 12.5].map((metres) => plain(accuracyText(metres)))).toEqual([
			"± 0,02 m",
			"± 0,3 m",
			"± 2 m",
			"± 12,5 m",
		]);
	});
});

describe("a conflict in words", () => {
	it("calls a shape by what it is, and every other field by its own name", () => {
		const titles = (card: ConflictCardDto) => card.rows.flatMap((row) => row.fields.map(clashTitle));
		expect(titles(cardOf("fields"))).toEqual(["Plats", "Funktion", "Senast motionerad", "Antal varv"]);
		expect(titles(cardOf("line"))).toEqual(["Sträckning"]);
	});

	it("names who did what, and never says that something is lost", () => {
		expect(noteText(cardOf("edited")).fact).toBe("VA drift tog bort objektet medan du ändrade det.");
		expect(noteText(cardOf("deleted")).fact).toBe("Du tog bort objektet medan VA drift ändrade det.");
		expect(noteText(cardOf("number")).fact).toBe("Nummer AV-131 finns på två objekt.");
		expect(noteText(cardOf("others")).fact).toBe("VA drift och Räddningstjänsten har ändrat samma uppgift.");
		expect(noteText({ ...cardOf("others"), storeBy: null }).fact).toBe(
			"Någon och Räddningstjänsten har ändrat samma uppgift.",
		);
	});

	it("calls the sides theirs and yours only where one of them is yours", () => {
		expect((["base", "store", "candidate"] as const).map((side) => sideText(side, true).letter)).toEqual([
			"U",
			"D",
			"M",
		]);
		expect(sideText("store", false)).toEqual({ name: "I lagret", letter: "L" });
	});

	it("offers what can become of a removed object, both ways round", () => {
		const edited = wholeChoices(cardOf("edited"), "edited_vs_deleted");
		expect(edited).toEqual([
			{ take: "mine", text: "Behåll med dina ändringar" },
			{ take: "theirs", text: "Ta bort det" },
		]);
		const deleted = wholeChoices(cardOf("deleted"), "deleted_vs_edited");
		expect(deleted).toEqual([
			{ take: "theirs", text: "Behåll med deras ändringar" },
			{ take: "mine", text: "Ta bort det" },
		]);
		expect(wholeColumns("deleted_vs_edited")).toEqual(["base", "store"]);
	});

	it("shows the values as a Swede writes them", () => {
		const [clash] = cardOf("others").rows[0]?.fields ?? [];
		if (!clash) throw new Error("no field");
		expect(plain(valueText(clash, clash.store))).toBe("1 240 l/min");
		expect(valueText(clash, { ...clash.store, raw: null })).toBe("inget värde");
		expect(mergedText(cardOf("fields"))).toBe("betäckning frilagd, fabrikat AVK");
	});
});

describe("a value that is typed", () => {
	const check = (valueType: string, typed: string) => checkTyped({ valueType, codes: [] }, typed);
	it.each([
		["int", "12", "12"],
		["int", " 1 240 ", "1240"],
		["real", "0,84", "0.84"],
		["date", "2026-05-19", "2026-05-19"],
		["text", " AV-231 ", "AV-231"],
		["text", "", null],
		["geometry", "6600476,4 152176", "6600476.4 152176"],
	])("as %s, %j, is %j", (valueType, typed, raw) => {
		expect(check(valueType, typed)).toEqual({ ok: true, raw });
	});

	it.each([
		["int", "12,5"],
		["real", "tolv"],
		["date", "2026-06-31"],
		["date", "19/5"],
		["date_time", "2026-05-19 25:00"],
		["bool", "kanske"],
		["geometry", "6600476"],
		["geometry", "152176 6600476"],
		["geometry", ""],
	])("as %s, %j, is told to be wrong", (valueType, typed) => {
		expect(check(valueType, typed).ok).toBe(false);
	});
});

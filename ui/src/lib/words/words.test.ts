import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ApiError } from "../core/bindings";
import { failureText } from "./failureText";

const folder = new URL("../../../messages/", import.meta.url);
const read = (name: string) =>
	JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Record<string, unknown>;
const swedish = readdirSync(folder).filter((name) => name.endsWith("sv.json"));

/** Every text of a catalogue entry, plurals and variants included. */
const textsOf = (entry: unknown): string[] =>
	typeof entry === "string"
		? [entry]
		: typeof entry === "object" && entry !== null
			? Object.values(entry).flatMap(textsOf)
			: [];
const placesOf = (entry: unknown) =>
	[
		...new Set(textsOf(entry).flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]))),
	].sort();

describe.each(swedish)("the words of %s", (name) => {
	const sv = read(name);
	const en = read(name.replace("sv.json", "en.json"));

	it("are the same in both languages", () => {
		expect(Object.keys(en).sort()).toEqual(Object.keys(sv).sort());
	});

	it("are written out and carry the same values", () => {
		for (const key of Object.keys(sv)) {
			if (key === "$schema") continue;
			for (const text of [...textsOf(sv[key]), ...textsOf(en[key])]) expect(text.trim(), key).not.toBe("");
			expect(placesOf(en[key]), key).toEqual(placesOf(sv[key]));
		}
	});

	it("promise nothing with words that do not say who has it", () => {
		for (const [key, entry] of Object.entries(sv))
			for (const text of textsOf(entry)) expect(text, key).not.toMatch(/synk|uppladdad|okänt fel|!|oops/i);
	});
});

describe("refusals", () => {
	it("each have a text of their own", () => {
		const errors: ApiError[] = [
			{ code: "feature_not_found" },
			{ code: "draft_not_found" },
			{ code: "form_not_found" },
			{ code: "invalid_input", field: "x" },
			{ code: "answers_invalid", questions: ["x"] },
			{ code: "photo_empty" },
			{ code: "photo_too_large", nBytes: 60_000_000, nBytesMax: 50_000_000 },
			{ code: "photo_unreadable" },
			{ code: "conflict_moved" },
			{ code: "conflict_not_found" },
			{ code: "disk_full" },
			{ code: "folder_in_use" },
			{ code: "store_damaged" },
			{ code: "key_missing" },
			{ code: "server_unreachable" },
			{ code: "not_a_geodata_store" },
			{ code: "code_invalid" },
			{ code: "signed_out" },
			{ code: "not_enrolled" },
			{ code: "package_damaged" },
			{ code: "answer_damaged" },
			{ code: "version_mismatch" },
			{ code: "internal" },
		];
		const texts = errors.map(failureText);
		expect(new Set(texts).size).toBe(texts.length);
		expect(texts[6]?.replaceAll("\u00a0", " ")).toBe("Fotot är för stort: 60 MB, högst 50 MB.");
	});
});

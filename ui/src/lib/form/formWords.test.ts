import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

type Catalogue = Readonly<Record<string, string>>;

const read = (locale: string): Catalogue =>
	JSON.parse(
		readFileSync(new URL(`../../../messages/form.${locale}.json`, import.meta.url), "utf8"),
	) as Catalogue;

const holes = (text: string): readonly string[] => (text.match(/\{\w+\}/gu) ?? []).toSorted();

it("every word of the forms stands in both languages with the same holes", () => {
	const [swedish, english] = [read("sv"), read("en")];
	expect(Object.keys(swedish)).toEqual(Object.keys(english));
	for (const [key, text] of Object.entries(swedish)) {
		if (key === "$schema") continue;
		expect(text, key).not.toBe("");
		expect(holes(text), key).toEqual(holes(english[key] ?? ""));
	}
});

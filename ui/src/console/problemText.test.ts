import { afterEach, expect, test } from "vitest";
import { overwriteGetLocale } from "../lib/words/generated/runtime.js";
import { exampleText, problemText } from "./problemText";

const plain = (text: string) => text.replaceAll("\u00a0", " ");

afterEach(() => overwriteGetLocale(() => "sv"));

test("what two rows have between them is told with the other's name and Swedish figures", () => {
	overwriteGetLocale(() => "sv");
	expect(plain(exampleText("gap", "Nora NORA 1:1, 0.380 m"))).toBe("Nora NORA 1:1, 0,380 m");
	expect(plain(exampleText("overlap", "Rya 1:5, 1250.00 m²"))).toBe("Rya 1:5, 1 250,00 m²");
	expect(exampleText("loose_end", "something else")).toBe("something else");
	expect(exampleText("bad_row", "for the log")).toBe("");
});

test("every code that is found between rows has words of its own", () => {
	overwriteGetLocale(() => "sv");
	for (const code of ["overlap", "gap", "duplicate", "orphan_reference", "loose_end", "not_compared"]) {
		const problem = { code, count: 2, isBlocking: false, examples: [] };
		expect(problemText(problem, "").fact).not.toContain(code);
	}
});

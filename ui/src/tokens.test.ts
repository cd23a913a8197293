import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { contrast } from "./contrast";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");

/** The color tokens of a block; Natt keeps what it does not change. */
function colorsOf(selector: string): Map<string, string> {
	const block = css.slice(css.indexOf(`${selector} {`)).split("}")[0] ?? "";
	return new Map(
		[...block.matchAll(/--([\w-]+): (#[0-9a-f]{3,6});/g)].map(([, name = "", color = ""]) => [name, color]),
	);
}

const sol = colorsOf(":root");
const modes = { sol, natt: new Map([...sol, ...colorsOf('[data-mode="natt"]')]) };

const texts: readonly (readonly [text: string, ...grounds: string[]])[] = [
	["ink", "panel", "sunken", "accent-soft"],
	["ink-2", "panel", "sunken", "accent-soft"],
	["accent", "panel", "sunken"],
	["on-accent", "accent"],
	["on-bar", "bar", "bar-2"],
	["on-bar-2", "bar-2"],
	["on-alert", "alert"],
	["on-alert-2", "alert"],
	["on-alarm", "alarm"],
	["on-badge", "badge"],
	["ok", "ok-soft", "panel"],
	["warn", "warn-soft", "panel"],
	["bad", "bad-soft", "panel"],
	["info", "info-soft", "panel"],
	["on-pick", "pick", "theirs"],
	["map-ink", "map-land"],
];

/** Edges of controls and rings of focus. */
const edges: readonly (readonly [edge: string, ...grounds: string[]])[] = [
	["control", "panel", "sunken"],
	["pick", "pick-case"],
	["focus-in", "focus-out"],
];

describe.each(Object.entries(modes))("the tokens of %s", (_mode, colors) => {
	const of = (name: string) => {
		const color = colors.get(name);
		if (!color) throw new Error(`no token --${name}`);
		return color;
	};

	it("let every text be read: 4.5 to 1", () => {
		for (const [text, ...grounds] of texts)
			for (const ground of grounds)
				expect(contrast(of(text), of(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
	});

	it("let every edge be seen: 3 to 1", () => {
		for (const [edge, ...grounds] of edges)
			for (const ground of grounds)
				expect(contrast(of(edge), of(ground)), `${edge} on ${ground}`).toBeGreaterThanOrEqual(3);
	});
});

import { ESLint } from "eslint";
import { expect, it } from "vitest";

// The whole program is parsed once for the rules that need types.
const SLOW_MS = 60_000;

const eslint = new ESLint({ cwd: new URL("..", import.meta.url).pathname });

/** What the room rule says of a text that stands in the place of a file. */
async function complaints(filePath: string, text: string): Promise<string[]> {
	const [result] = await eslint.lintText(text, {
		filePath: new URL(`../${filePath}`, import.meta.url).pathname,
	});
	return (result?.messages ?? [])
		.filter((found) => found.ruleId === "no-restricted-imports")
		.map((found) => found.message);
}

it(
	"a room that knows what it must not know is refused",
	async () => {
		const offences = [
			["src/lib/card/factText.ts", 'import { Map } from "maplibre-gl";', "Only lib/map/ knows MapLibre."],
			[
				"src/lib/core/httpCore.ts",
				'import { invoke } from "@tauri-apps/api/core";',
				"Only core/tauriCore.ts reaches the desktop shell.",
			],
			[
				"src/lib/card/factText.ts",
				'import { initializeForm } from "@getodk/xforms-engine";',
				"Only lib/session/ knows the form engine.",
			],
			[
				"src/lib/search/hitText.ts",
				'import { handleKey } from "../views/keys";',
				"Only views compose features",
			],
			[
				"src/lib/controls/glyphs.ts",
				'import { Cards } from "../card/cards.svelte";',
				"controls/ and core/ import from no feature",
			],
		] as const;
		for (const [file, text, message] of offences) {
			const found = await complaints(file, `${text}\n`);
			expect(found.join("\n"), file).toContain(message);
		}
		expect(await complaints("src/lib/map/scaleBar.ts", 'import { Map } from "maplibre-gl";\n')).toEqual([]);
	},
	SLOW_MS,
);

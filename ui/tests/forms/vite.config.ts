import { paraglideVitePlugin } from "@inlang/paraglide-js";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The page that the journey through the forms runs in: the panel beside an empty map, on a core that keeps in the browser. */
export default defineConfig({
	root: here("."),
	plugins: [
		paraglideVitePlugin({
			project: here("../../project.inlang"),
			outdir: here("../../src/lib/words/generated"),
			strategy: ["globalVariable", "baseLocale"],
		}),
		svelte({ configFile: here("../../svelte.config.js") }),
	],
	build: {
		outDir: here("../../build/forms"),
		emptyOutDir: true,
		target: "es2022",
		chunkSizeWarningLimit: 1600,
	},
});

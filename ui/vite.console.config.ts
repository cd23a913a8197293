import { paraglideVitePlugin } from "@inlang/paraglide-js";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The coordinator's console, which the geodata store serves below /console.
export default defineConfig({
	base: "/console/",
	plugins: [
		paraglideVitePlugin({
			project: "./project.inlang",
			outdir: "./src/lib/words/generated",
			strategy: ["globalVariable", "baseLocale"],
		}),
		svelte(),
	],
	build: {
		outDir: "dist-console",
		emptyOutDir: true,
		target: "es2022",
		rolldownOptions: { input: "console.html" },
	},
});

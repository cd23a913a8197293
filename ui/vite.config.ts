import { paraglideVitePlugin } from "@inlang/paraglide-js";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
	plugins: [
		// Tests find the words compiled by their script; a watcher would keep the runner from ending.
		...(process.env["VITEST"]
			? []
			: [
					paraglideVitePlugin({
						project: "./project.inlang",
						outdir: "./src/lib/words/generated",
						strategy: ["globalVariable", "baseLocale"],
					}),
				]),
		svelte(),
	],
	build: {
		outDir: "dist",
		target: "es2022",
		chunkSizeWarningLimit: 1600,
	},
	server: { port: 1420, strictPort: true },
	test: {
		environment: "node",
		include: ["src/**/*.test.ts"],
	},
});

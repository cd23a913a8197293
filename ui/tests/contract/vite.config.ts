import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The page that the contract checks run in: the session and the real engine, nothing of the interface. */
export default defineConfig({
	root: fileURLToPath(new URL(".", import.meta.url)),
	plugins: [svelte({ configFile: fileURLToPath(new URL("../../svelte.config.js", import.meta.url)) })],
	build: {
		outDir: fileURLToPath(new URL("../../build/contract", import.meta.url)),
		emptyOutDir: true,
		target: "es2022",
		chunkSizeWarningLimit: 1600,
	},
});

import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

/** @type {import("@sveltejs/vite-plugin-svelte").SvelteConfig} */
export const preprocess = vitePreprocess();
export const compilerOptions = { runes: true };
export default { preprocess, compilerOptions };

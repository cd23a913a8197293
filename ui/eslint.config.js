import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import * as svelteConfig from "./svelte.config.js";

/** Restricts what a room may import; the message says where the thing belongs. */
const rooms = (...patterns) => ({ "no-restricted-imports": ["error", { patterns }] });

const tauri = { group: ["@tauri-apps/*"], message: "Only core/tauriCore.ts reaches the desktop shell." };
const maplibre = { group: ["maplibre-gl", "maplibre-gl/*"], message: "Only lib/map/ knows MapLibre." };
const engine = { group: ["@getodk/*"], message: "Only lib/session/ knows the form engine." };
const features = {
	regex: "/(views|search|card|layers|changes|settings|enrolment|sync|form|session|map)/",
	message: "controls/ and core/ import from no feature: pass it as a property or a snippet.",
};
const views = { regex: "/views/", message: "Only views compose features; a feature does not know its view." };

export default ts.config(
	{
		ignores: [
			"dist/",
			"build/",
			"node_modules/",
			"src/lib/words/generated/",
			"src/lib/core/bindings.ts",
			"src/console/bindings.ts",
			"dist-console/",
		],
	},
	js.configs.recommended,
	{
		files: ["**/*.ts", "**/*.svelte"],
		extends: [ts.configs.strictTypeChecked],
		languageOptions: { parserOptions: { projectService: true, extraFileExtensions: [".svelte"] } },
		rules: {
			"@typescript-eslint/switch-exhaustiveness-check": "error",
			"@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
			"@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
		},
	},
	...svelte.configs["flat/recommended"],
	{
		files: ["**/*.svelte", "**/*.svelte.ts"],
		languageOptions: {
			parserOptions: {
				projectService: true,
				extraFileExtensions: [".svelte"],
				parser: ts.parser,
				svelteConfig,
			},
		},
		rules: {
			"svelte/no-at-html-tags": "error",
			"svelte/require-each-key": "error",
			"svelte/button-has-type": "error",
			// In markup the parser does not see what a component's properties say; svelte-check does, in `npm run check`.
			"@typescript-eslint/no-unsafe-argument": "off",
			"@typescript-eslint/no-unsafe-assignment": "off",
			"@typescript-eslint/no-unsafe-call": "off",
			"@typescript-eslint/no-unsafe-return": "off",
			// It lists each word of the reason as a warning of its own.
			"svelte/no-unused-svelte-ignore": "off",
			"svelte/prefer-svelte-reactivity": "off",
			// Svelte's `let { x } = $props()` is written once.
			"prefer-const": "off",
			"@typescript-eslint/no-useless-default-assignment": "off",
		},
	},
	{ languageOptions: { globals: { ...globals.browser, ...globals.node } } },
	{ files: ["src/**/*.ts", "src/**/*.svelte"], rules: rooms(tauri, maplibre, engine, views) },
	{ files: ["src/lib/map/**"], rules: rooms(tauri, engine, views) },
	{ files: ["src/lib/session/**"], rules: rooms(tauri, maplibre, views) },
	{ files: ["src/lib/core/tauriCore.ts"], rules: rooms(maplibre, engine, views) },
	{ files: ["src/lib/controls/**"], rules: rooms(tauri, maplibre, engine, views, features) },
	{ files: ["src/console/**"], rules: rooms(tauri, maplibre, engine) },
	{ files: ["src/lib/views/**", "src/main.ts", "src/App.svelte"], rules: rooms(tauri, maplibre, engine) },
);

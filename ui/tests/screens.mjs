/**
 * Every screen of the field app on the invented core, and of the console on its invented store, in its sizes and both
 * modes: no violation that axe finds,
 * no error in the console, and a picture of each to look at. `node tests/screens.mjs [name [width]]`; the pictures go to
 * the folder that SCREENS_DIR names, else to a new one under the system's temporary folder.
 */
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

const built = fileURLToPath(new URL("../build/screens", import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = process.env.SCREENS_DIR ?? mkdtempSync(join(tmpdir(), "faltkarta-screens-"));
mkdirSync(folder, { recursive: true });

const ground =
	"off=water_pipe,sewer_pipe,storm_pipe,service_pipe,valve,hydrant,manhole,service_connection,water_installation";
const zones = "on=shore_protection,protected_area,ancient_remains,plan,plan_provision";

const search = async (page, text) => {
	await page.getByTestId("search").click();
	await page.getByTestId("search").fill(text);
	await page.waitForTimeout(150);
};
const choose = async (page, text) => {
	await search(page, text);
	await page.getByTestId("hit").first().waitFor();
	await page.keyboard.press("Enter");
	await page.getByTestId("panel-card").waitFor();
};

/** Opens the first disagreement. */
const compare = async (page, name = "Jämför") => {
	await page.getByTestId("rail-changes").click();
	await page.getByRole("button", { name }).first().click();
	await page.getByTestId("panel-conflict").getByTestId("conflict-row").first().waitFor();
};

const wide = [1280, 800];
const full = [1920, 1080];
const narrow = [1024, 768];
const sizes = [wide, full];
const allSizes = [narrow, wide, full];

/** What applies to a parcel. */
const askApplies = async (page, text = "exempelhyttan 1:5") => {
	await choose(page, text);
	await page.getByTestId("act-applies").click();
	await page.getByTestId("panel-applies").getByTestId("applies-row").first().waitFor();
};

/** Who is responsible where a parcel lies. */
const askDuties = async (page) => {
	await choose(page, "exempelhyttan 1:5");
	await page.getByTestId("act-duties").click();
	await page.getByTestId("duty").first().waitFor();
};

/** Opens the panel and takes a tool. */
const takeTool = async (page, tool) => {
	await page.getByTestId("rail-measure").click();
	await page.getByTestId(`tool-${tool}`).click();
};

/** Presses the map at places counted in pixels from its middle. */
const pressMap = async (page, places, { move = null } = {}) => {
	const box = await page.locator("canvas.maplibregl-canvas").boundingBox();
	const at = ([x, y]) => [box.x + box.width / 2 + x, box.y + box.height / 2 + y];
	for (const place of places) {
		await page.mouse.click(...at(place));
		await page.waitForTimeout(120);
	}
	if (move) await page.mouse.move(...at(move), { steps: 3 });
	await page.waitForTimeout(250);
};

const field = [
	[-180, -140],
	[60, -170],
	[90, 40],
	[-150, 60],
];

/** Name, how the laptop is, what a person does to get there, and in which sizes it is looked at. */
const screens = [
	["map", ground, async () => undefined],
	[
		"search",
		ground,
		async (page) => {
			await search(page, "strandv");
			await page.keyboard.press("ArrowDown");
		},
	],
	[
		"search-recent",
		ground,
		async (page) => {
			await choose(page, "strandv 9");
			await search(page, "");
		},
	],
	["search-none", ground, (page) => search(page, "strandvgen 99")],
	["search-coordinates", ground, (page) => search(page, "6600379 152143")],
	["card-parcel", ground, (page) => choose(page, "exempelhyttan 1:5")],
	["card-place", ground, (page) => choose(page, "6600379 152143")],
	["card-valve", "sync=offline", (page) => choose(page, "ventil av-118")],
	["zones", `${ground}&${zones}`, (page) => choose(page, "exempelhyttan 1:5")],
	["layers", "", async (page) => page.getByTestId("rail-layers").click()],
	[
		"layers-filtered",
		"",
		async (page) => {
			await page.getByTestId("rail-layers").click();
			await page.getByTestId("filter-valve-exercised_before").click();
			await page.getByTestId("filter-hydrant-status").click();
			await page.getByTestId("layer-valve").focus();
			await page.keyboard.press("Alt+ArrowUp");
			await page.getByTestId("map-filters").getByText("Ventiler").waitFor();
		},
	],
	[
		"layers-theme-130",
		"text=130",
		async (page) => {
			await page.getByTestId("rail-layers").click();
			await page.getByTestId("theme-save").click();
			await page.getByTestId("theme-name").fill("Långskogsbergsallmänning");
			await page.keyboard.press("Enter");
			await page.getByTestId("theme-save").click();
			await page.getByTestId("theme-name").fill("Läcka");
			await page.keyboard.press("Enter");
			await page.getByText("Namnet är upptaget.").waitFor();
		},
	],
	[
		"measure-start",
		ground,
		async (page) => {
			await page.getByTestId("search").focus();
			await page.keyboard.press("Alt+4");
			await page.getByTestId("panel-measure").waitFor();
		},
	],
	[
		"measure-length",
		"",
		async (page) => {
			await takeTool(page, "length");
			await pressMap(page, field.slice(0, 3), { move: [-40, 120] });
			await page.getByTestId("measure-tag").waitFor();
		},
		allSizes,
	],
	[
		"measure-area",
		ground,
		async (page) => {
			await takeTool(page, "area");
			await pressMap(page, field);
			await page.getByTestId("measure-finish").click();
			await page.getByText("Omkrets").waitFor();
		},
	],
	[
		"measure-crossing",
		ground,
		async (page) => {
			await takeTool(page, "area");
			await pressMap(page, [field[0], field[2], field[1], field[3]]);
			await page.getByText("Ytan korsar sig själv.").waitFor();
		},
	],
	[
		"measure-boundary",
		ground,
		async (page) => {
			await takeTool(page, "boundary");
			await pressMap(page, [[-30, 20]]);
			await page.getByText("till gränsen för").waitFor();
		},
	],
	[
		"measure-height",
		ground,
		async (page) => {
			await takeTool(page, "height");
			await pressMap(page, [[-30, 20]]);
			await page.getByText("mellan höjdkurvorna").waitFor();
		},
		[wide],
	],
	[
		"measure-keys",
		ground,
		async (page) => {
			// By the keyboard alone: three places, one taken back, the end, and the measure kept for the day.
			await page.locator("canvas.maplibregl-canvas").focus();
			await page.keyboard.press("m");
			await page.getByTestId("panel-measure").waitFor();
			for (const key of ["Space", "ArrowRight", "ArrowRight", "Space", "ArrowDown", "Space", "Backspace"]) {
				await page.keyboard.press(key);
				await page.waitForTimeout(250);
			}
			await page.keyboard.press("Enter");
			await page.waitForTimeout(200);
			await page.keyboard.press("Escape");
			await page.getByTestId("panel-measure").waitFor({ state: "detached" });
			await page.keyboard.press("m");
			await page.getByTestId("measure-note").waitFor();
		},
	],
	[
		"measure-select",
		"",
		async (page) => {
			await takeTool(page, "area");
			await pressMap(page, field);
			await page.getByTestId("measure-select").click();
			await page.getByTestId("selected-row").first().waitFor();
			await page.getByTestId("selection").scrollIntoViewIfNeeded();
		},
		allSizes,
	],
	[
		"measure-buffer-130",
		"text=130&gloves",
		async (page) => {
			await takeTool(page, "buffer");
			await pressMap(page, field.slice(0, 2));
			await page.getByTestId("measure-reach").fill("25");
			await page.keyboard.press("Tab");
			await page.getByTestId("measure-select").click();
			await page.getByTestId("selected-row").first().waitFor();
			await page.getByTestId("selected-row").first().scrollIntoViewIfNeeded();
		},
		allSizes,
	],
	["changes", `${ground}&sync=offline`, async (page) => page.getByTestId("rail-changes").click()],
	["changes-empty", `${ground}&nochanges`, async (page) => page.getByTestId("rail-changes").click()],
	[
		"changes-waiting",
		`${ground}&waiting&conflicts=fields,edited,others`,
		async (page) => page.getByTestId("rail-changes").click(),
	],
	[
		"changes-copy",
		ground,
		async (page) => {
			await page.getByTestId("rail-changes").click();
			await page.getByTestId("save-copy").click();
		},
	],
	["conflict-fields", "sync=attention", (page) => compare(page)],
	[
		"conflict-third-value",
		"sync=attention",
		async (page) => {
			await compare(page);
			for (const row of [0, 1, 2])
				await page.getByTestId("conflict-row").nth(row).getByRole("radio").last().check({ force: true });
			await page.getByRole("textbox", { name: "Antal varv" }).fill("tolv");
			await page.getByRole("button", { name: "Visa", exact: true }).click();
			await page.getByTestId("conflict-save").click();
		},
	],
	["conflict-edited", "sync=attention&conflicts=edited", (page) => compare(page)],
	["conflict-deleted", "sync=attention&conflicts=deleted,fields", (page) => compare(page)],
	[
		"conflict-number",
		"sync=attention&conflicts=number",
		async (page) => {
			await compare(page);
			await page.getByRole("radio", { name: "Ge det här objektet ett annat värde" }).check();
		},
	],
	["conflict-group", "sync=attention&conflicts=group", (page) => compare(page)],
	["conflict-line-130", "sync=attention&conflicts=line&text=130", (page) => compare(page)],
	["conflict-others", "conflicts=others", (page) => compare(page)],
	[
		"conflict-moved",
		"sync=attention",
		async (page) => {
			await compare(page);
			await page.evaluate(() => {
				const { fakeCore } = window;
				fakeCore.conflicts.move("v118", "funktion", "ej stängbar", "2026-05-19T11:04:00");
				fakeCore.sync = { ...fakeCore.sync, dataVersion: 2 };
			});
			await page.getByTestId("conflict-moved").waitFor();
		},
	],
	[
		"conflict-focus",
		"sync=attention",
		async (page) => {
			await compare(page);
			await page.getByTestId("conflict-row").nth(1).getByRole("radio").nth(1).focus();
			await page.keyboard.press("ArrowRight");
			await page.keyboard.press("ArrowLeft");
		},
	],
	["conflict-english", "sync=attention&language=en", (page) => compare(page, "Compare")],
	["in-view", "", async (page) => page.getByTestId("rail-view").click()],
	["settings", ground, async (page) => page.getByTestId("rail-settings").click()],
	[
		"settings-gloves-130",
		`${ground}&text=130&gloves`,
		async (page) => page.getByTestId("rail-settings").click(),
	],
	["keys", ground, async (page) => page.keyboard.press("F1")],
	["recovered", `${ground}&draft=1&sync=attention`, async () => undefined],
	[
		"inspection",
		`${ground}&draft=1&sync=offline`,
		async (page) => {
			await page.getByTestId("recovered-open").click();
			await page.getByTestId("panel-inspection").getByRole("tab").first().waitFor();
		},
	],
	[
		"bundle",
		"phase=bundle",
		async (page) => {
			await page.getByTestId("chip-sync").click();
			await page.getByTestId("enrol-start").click();
		},
	],
	[
		"card-parcel-menu",
		ground,
		async (page) => {
			await choose(page, "exempelhyttan 1:5");
			await page.getByRole("button", { name: "Fler val" }).click();
		},
	],
	["applies", ground, (page) => askApplies(page), allSizes],
	["applies-130", `${ground}&text=130&gloves`, (page) => askApplies(page), allSizes],
	[
		"applies-chosen",
		`${ground}&${zones}`,
		async (page) => {
			await askApplies(page);
			await page.getByTestId("applies-row").nth(1).click();
			await page.keyboard.press("ArrowDown");
		},
	],
	[
		"applies-keys",
		ground,
		async (page) => {
			await choose(page, "exempelhyttan 1:5");
			await page.keyboard.press("v");
			await page.getByTestId("applies-row").first().waitFor();
			await page.keyboard.press("3");
			await page.getByRole("button", { name: /^3\. /, pressed: true }).waitFor();
		},
		[wide],
	],
	[
		"applies-left",
		ground,
		async (page) => {
			await askApplies(page);
			// The keyboard is in the answer: arrows walk the rows, Enter and digits choose, Esc goes back a step at a time.
			await page.keyboard.press("ArrowDown");
			await page.keyboard.press("Enter");
			await page.getByRole("button", { name: /^2\. /, pressed: true }).waitFor();
			await page.keyboard.press("4");
			await page.getByRole("button", { name: /^4\. /, pressed: true }).waitFor();
			await page.keyboard.press("Escape");
			await page.getByTestId("panel-applies").waitFor();
			await page.keyboard.press("Escape");
			await page.getByTestId("panel-card").waitFor();
			await page.keyboard.press("a");
			await page.getByTestId("panel-duties").waitFor();
			await page.keyboard.press("Escape");
			await page.getByTestId("panel-card").waitFor();
		},
		[wide],
	],
	[
		"applies-point",
		ground,
		async (page) => {
			await choose(page, "6600379 152143");
			await page.getByTestId("act-applies").click();
			await page.getByTestId("applies-row").first().waitFor();
		},
		[wide],
	],
	["applies-partly", ground, (page) => askApplies(page, "exempelhyttan 1:33"), [wide]],
	[
		"applies-empty",
		ground,
		async (page) => {
			await choose(page, "6602500 154000");
			await page.getByTestId("act-applies").click();
			await page.getByTestId("applies-no-hit").waitFor();
		},
		[wide],
	],
	["applies-poor", `${ground}&poor`, (page) => askApplies(page), [narrow, wide]],
	[
		"applies-forms",
		ground,
		async (page) => {
			await choose(page, "6600379 152143");
			await page.getByTestId("act-applies").click();
			await page.getByTestId("applies-row").first().waitFor();
			await page.getByRole("button", { name: "Ny kontroll" }).click();
		},
		[wide],
	],
	[
		"applies-copied",
		ground,
		async (page) => {
			await page.evaluate(() => {
				navigator.clipboard.writeText = async () => undefined;
			});
			await askApplies(page);
			await page.getByTestId("applies-copy").click();
		},
		[wide],
	],
	[
		"applies-refused",
		ground,
		async (page) => {
			await page.evaluate(() => {
				navigator.clipboard.writeText = async () => Promise.reject(new Error("no clipboard"));
			});
			await askApplies(page);
			await page.getByTestId("applies-copy").click();
			await page.getByRole("textbox", { name: "Svaret som text" }).scrollIntoViewIfNeeded();
		},
		[wide],
	],
	[
		"applies-failed",
		ground,
		async (page) => {
			await page.evaluate(() => window.fakeCore.refusals.set("load_applies", { code: "store_damaged" }));
			await choose(page, "exempelhyttan 1:5");
			await page.getByTestId("act-applies").click();
			await page.getByRole("button", { name: "Försök igen" }).waitFor();
		},
		[wide],
	],
	["applies-english", `${ground}&language=en`, (page) => askApplies(page), [wide]],
	["duties", ground, (page) => askDuties(page), allSizes],
	["duties-130", `${ground}&text=130`, (page) => askDuties(page), [narrow, wide]],
	["duties-english", `${ground}&language=en`, (page) => askDuties(page), [wide]],
	[
		"duties-point",
		ground,
		async (page) => {
			await page.mouse.click(500, 400, { button: "right" });
			await page.getByRole("menuitem", { name: "Vem ansvarar?" }).click();
			await page.getByTestId("duty").first().waitFor();
		},
		[wide],
	],
	[
		"duties-none",
		ground,
		async (page) => {
			await choose(page, "6602500 154000");
			await page.getByTestId("act-duties").click();
			await page.getByTestId("duties-none").waitFor();
		},
		[wide],
	],
	["place-menu", ground, async (page) => page.mouse.click(500, 400, { button: "right" })],
	["english", "language=en", (page) => choose(page, "ventil av-118")],
	[
		"start",
		"phase=empty",
		async (page) => {
			await page.getByTestId("enrol-url").fill("https://svarar-inte.example");
			await page.getByTestId("enrol-device").fill("VA-bil 3");
			await page.getByTestId("enrol-user").fill("Fälttekniker Ett");
			await page.getByTestId("enrol-start").click();
		},
	],
];

/** Opens the report of a delivery, the detail of a dataset. */
const open = async (page, row, name) => {
	await page.getByTestId(row).filter({ hasText: name }).getByRole("button").click();
	await page.getByTestId("detail").waitFor();
};
const files = (...names) =>
	names.map((name) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.alloc(12_400_000) }));
const pick = (page, ...names) => page.getByTestId("file-input").setInputFiles(files(...names));
const datasets = async (page) => page.getByTestId("nav-datasets").click();

/** The same of the console. */
const consoleScreens = [
	["console-deliveries", "", (page) => open(page, "delivery", "Fastighetsindelning")],
	["console-list", "", async () => undefined],
	[
		"console-problems",
		"",
		async (page) => {
			await open(page, "delivery", "Fastighetsindelning");
			await page.getByRole("button", { name: "Visa: 4 ytor" }).click();
		},
	],
	["console-checking", "", (page) => open(page, "delivery", "belagenhetsadresser")],
	["console-stopped", "", (page) => open(page, "delivery", "strandskydd")],
	["console-stopped-crs", "stop=unknown_crs", (page) => open(page, "delivery", "strandskydd")],
	["console-several", "", (page) => open(page, "delivery", "Vattenledningar")],
	[
		"console-many",
		"",
		async (page) => {
			await open(page, "delivery", "Byggnader");
			await page.getByRole("button", { name: "Visa: 61 rader" }).click();
		},
	],
	["console-replaced", "", (page) => open(page, "delivery", "Skyddade")],
	[
		"console-published",
		"",
		async (page) => {
			await open(page, "delivery", "Fastighetsindelning");
			await page.getByRole("button", { name: "Publicera", exact: true }).click();
			await page.getByRole("button", { name: "Ångra publicering" }).waitFor();
		},
	],
	[
		"console-uploading",
		"upload=stands_still",
		(page) =>
			pick(
				page,
				"va_ledningsnat_2026-05.gpkg",
				"ortnamn_18.gpkg",
				"strandskydd_18.shp",
				"strandskydd_18.dbf",
			),
	],
	["console-upload-failed", "upload=server_unreachable", (page) => pick(page, "va_ledningsnat.gpkg")],
	[
		"console-keys",
		"",
		async (page) => {
			const focused = (selector) =>
				page.waitForFunction((it) => document.activeElement?.matches(it), selector);
			await page.getByRole("button", { name: "Läs in filer" }).focus();
			// Four filters, four heads, and the second row.
			for (let n = 0; n < 10; n += 1) await page.keyboard.press("Tab");
			await focused('[data-row="d412"] button');
			await page.keyboard.press("Enter");
			await page.getByTestId("detail").waitFor();
			await page.keyboard.press("Control+Enter");
			await page.getByText("Publicerad i dag").waitFor();
			await page.keyboard.press("Escape");
			await focused('[data-row="d412"] button');
			await page.keyboard.press("Enter");
			await page.getByRole("button", { name: "Ångra publicering" }).focus();
			await page.keyboard.press("Enter");
			await page.getByText("Publiceringen är ångrad").waitFor();
			// The button is gone; the focus is not.
			await focused("aside h2");
			await page.keyboard.press("Shift+Tab");
			await page.keyboard.press("Tab");
		},
	],
	["console-empty", "deliveries=none", async () => undefined],
	["console-datasets", "", datasets],
	["console-datasets-empty", "deliveries=none", datasets],
	[
		"console-dataset",
		"",
		async (page) => {
			await datasets(page);
			await open(page, "dataset", "Strandskydd");
		},
	],
	[
		"console-english",
		"",
		async (page) => {
			await page.getByRole("button", { name: "English" }).click();
			await open(page, "delivery", "Fastighetsindelning");
		},
	],
];

/** Waits until the map has drawn; a start without a map has nothing to wait for. */
async function settle(page) {
	await page.evaluate(async () => {
		const { map, ready } = window.__faltkarta ?? {};
		await ready;
		if (map && !(map.loaded() && !map.isMoving()))
			await Promise.race([
				new Promise((done) => map.once("idle", done)),
				new Promise((done) => setTimeout(done, 8000)),
			]);
	});
	await page.waitForTimeout(200);
}

async function violations(page) {
	await page.evaluate(axe);
	const found = await page.evaluate(() =>
		window.axe.run(document, {
			runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
		}),
	);
	return found.violations.map(
		(violation) =>
			`${violation.id}: ${violation.help}\n      ${violation.nodes.map((node) => node.html.slice(0, 160)).join("\n      ")}`,
	);
}

const only = process.argv[2];
const onlySize = process.argv[3];
const server = await serve(built);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium" });
let passed = 0;
const failures = [];
const pages = [
	...screens.map(([name, query, act, at = sizes]) => ({ name, query, act, at, isConsole: false })),
	...consoleScreens.map(([name, query, act]) => ({ name, query, act, at: sizes, isConsole: true })),
];
// Every size at night as well takes twice as long, and finds what the first size finds.
const isWhole = process.env.SCREENS === "all" || only !== undefined;
for (const { name, query, act, at, isConsole } of pages) {
	if (only && !name.startsWith(only)) continue;
	for (const [width, height] of at) {
		if (onlySize && onlySize !== `${width}`) continue;
		const isFirst = width === at[0][0];
		for (const mode of isWhole || isFirst ? ["sol", "natt"] : ["sol"]) {
			const title = `${name}-${width}x${height}-${mode}`;
			const context = await browser.newContext({
				viewport: { width, height },
				colorScheme: mode === "natt" ? "dark" : "light",
				locale: "sv-SE",
			});
			const page = await context.newPage();
			const problems = [];
			page.on("pageerror", (error) => problems.push(`error in the page: ${error.message}`));
			page.on("console", (message) => {
				if (message.type() === "error") problems.push(`console: ${message.text().slice(0, 300)}`);
			});
			try {
				await page.clock.setFixedTime("2026-05-19T10:56:00");
				if (isConsole) {
					await page.goto(`${server.url}/console/console.html?store=fake&${query}`);
					await page.getByRole("main").waitFor();
					if (mode === "natt") await page.getByRole("button", { name: "Byt mellan sol och natt" }).click();
				} else {
					await page.goto(`${server.url}/?core=fake&mode=${mode}&${query}`);
					await page.waitForFunction(() => window.__faltkarta ?? document.querySelector("form"));
				}
				await settle(page);
				await act(page);
				await settle(page);
				await page.screenshot({ path: join(folder, `${title}.png`) });
				problems.push(...(await violations(page)));
			} catch (error) {
				problems.push(String(error).slice(0, 400));
			}
			await context.close();
			if (problems.length === 0) passed += 1;
			else {
				failures.push(title);
				console.log(`not ok  ${title}\n    ${problems.join("\n    ")}`);
			}
		}
	}
}
await browser.close();
server.close();
console.log(`pictures in ${folder}`);
console.log(`screens: ${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

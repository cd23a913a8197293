/**
 * Every screen of the field app on the invented core, and of the console on its invented store, in two sizes and both modes: no violation that axe finds,
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

/** Name, how the laptop is, and what a person does to get there. */
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
const sizes = [
	[1280, 800],
	[1920, 1080],
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
const pages = [...screens.map((it) => [...it, false]), ...consoleScreens.map((it) => [...it, true])];
for (const [name, query, act, isConsole] of pages) {
	if (only && !name.startsWith(only)) continue;
	for (const [width, height] of sizes) {
		if (onlySize && onlySize !== `${width}`) continue;
		for (const mode of ["sol", "natt"]) {
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

// Journeys through both forms in real headless Chromium: `npm run forms`, or `npm run forms -- FOLDER` to keep pictures.
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "../serve.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const pictures = process.argv[2] ?? null;
if (pictures) await mkdir(pictures, { recursive: true });
const { url: origin, close: stop } = await serve(
	fileURLToPath(new URL("../../build/forms", import.meta.url)),
);
const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox"],
});
let nFailed = 0;
let nHeld = 0;

/** One journey in a browser profile of its own. */
async function journey(name, query, steps) {
	const context = await browser.newContext({
		viewport: { width: 1280, height: 800 },
		locale: "sv-SE",
		timezoneId: "Europe/Stockholm",
	});
	const page = await context.newPage();
	page.setDefaultTimeout(8000);
	const faults = [];
	page.on("pageerror", (error) => faults.push(error.message));
	page.on("console", (message) => {
		if (message.type() === "error") faults.push(message.text());
	});
	try {
		await page.goto(`${origin}/?${query}`);
		await steps(page);
		if (faults.length > 0) throw new Error(faults.join("; "));
		nHeld += 1;
		console.log(`ok   ${name}`);
	} catch (error) {
		nFailed += 1;
		console.log(`FAIL ${name}\n     ${error.message.split("\n").slice(0, 6).join("\n     ")}`);
		if (pictures) await page.screenshot({ path: join(pictures, `fault-${nFailed}.png`) });
	}
	await context.close();
}

function same(actual, wanted, what) {
	const [a, b] = [JSON.stringify(actual), JSON.stringify(wanted)];
	if (a !== b) throw new Error(`${what}: ${a}, wanted ${b}`);
}

async function picture(page, name) {
	if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) });
}

async function accessible(page, what) {
	await page.evaluate(axe);
	const found = await page.evaluate(async () => {
		const result = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] });
		return result.violations.map(
			(it) => `${it.id}: ${it.nodes.map((node) => node.target.join(" ")).join(", ")}`,
		);
	});
	same(found, [], `axe, ${what}`);
}

const saved = (page) => page.waitForFunction(() => window.core.nSaves > 0);
const answers = (page) => page.evaluate(() => JSON.parse(window.core.completed.answersJson));
const radio = (page, name) => page.getByRole("radio", { name, exact: true });
const button = (page, name) => page.getByRole("button", { name, exact: true });
const field = (page, name) => page.getByLabel(name).first();
const settle = (page) => page.waitForTimeout(500);

/** A picture that compresses like one of a camera: no two are alike. */
const photo = (page, n, size = 640) =>
	page
		.evaluate(
			async ([seed, width]) => {
				const canvas = document.createElement("canvas");
				canvas.width = width;
				canvas.height = (width * 3) / 4;
				const pen = canvas.getContext("2d");
				pen.fillStyle = `hsl(${seed * 67} 30% 60%)`;
				pen.fillRect(0, 0, width, canvas.height);
				pen.fillStyle = `hsl(${seed * 67} 20% 35%)`;
				pen.fillRect(width * 0.2, canvas.height * 0.3, width * 0.6, canvas.height * 0.5);
				const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.8));
				return Array.from(new Uint8Array(await blob.arrayBuffer()));
			},
			[n, size],
		)
		.then((bytes) => ({ name: "image.jpg", mimeType: "image/jpeg", buffer: Buffer.from(bytes) }));

await journey("a valve that works is two presses after the card", "form=ventilmotionering", async (page) => {
	await radio(page, "Fungerar").click();
	await button(page, "Spara").click();
	await page.locator("#ended").waitFor();
	const { funktion, lage, nummer, antal_varv_efter: after } = await answers(page);
	same([funktion, lage, nummer, after], ["fungerar", "öppen", "AV-121", null], "answers");
});

await journey(
	"what was typed is durable within 300 ms and comes back after a crash",
	"form=ventilmotionering",
	async (page) => {
		await radio(page, "Trög").click();
		await field(page, "Antal varv efter").fill("12,5");
		await field(page, "Anmärkning").pressSequentially("Går tungt sista varven");
		await page.waitForTimeout(300);
		await page.reload();
		await page.getByText("Inget du skrev saknas.").waitFor();
		same(await field(page, "Antal varv efter").inputValue(), "12,5", "half typed number");
		same(await field(page, "Anmärkning").inputValue(), "Går tungt sista varven", "remark");
		await page.getByText("Skriv ett heltal").first().waitFor();
		await button(page, "Spara").click();
		await page.getByText("2 frågor behöver svar eller rättas").waitFor();
		await picture(page, "valve-problems-sol");
		await page.getByRole("link", { name: /Gick att stänga helt/u }).click();
		await page.keyboard.press("1");
		await field(page, "Antal varv efter").fill("13");
		await button(page, "Spara").click();
		await page.locator("#ended").waitFor();
		const { antal_varv_efter: after, funktion } = await answers(page);
		same([after, funktion], [13, "trög"], "answers");
	},
);

await journey(
	"photos of one name stay two, one is removed and taken back, and all survive a crash",
	"form=ventilmotionering",
	async (page) => {
		await radio(page, "Läcker").click();
		await page
			.locator("input[type=file][multiple]")
			.setInputFiles([await photo(page, 1), await photo(page, 2)]);
		await page.getByText("2 tagna · 2 sparade här").waitFor();
		await settle(page);
		await page.reload();
		await page.getByText("2 tagna · 2 sparade här").waitFor();
		await button(page, "Ta bort foto 1").click();
		await page.getByText("1 taget · 1 sparat här").waitFor();
		await button(page, "Ångra").click();
		await page.getByText("2 tagna · 2 sparade här").waitFor();
		await field(page, "Vid spindeln").check();
		await radio(page, "Nej").first().click();
		await button(page, "Spara").click();
		await page.locator("#ended").waitFor();
		same(await page.evaluate(() => window.core.completed.blobs.length), 2, "photos completed with");
	},
);

await journey(
	"a photo written just before a crash comes back under its heading, a removed one does not",
	"form=ventilmotionering",
	async (page) => {
		await radio(page, "Fungerar").click();
		await page
			.locator("input[type=file][multiple]")
			.setInputFiles([await photo(page, 5), await photo(page, 6)]);
		await page.getByText("2 tagna · 2 sparade här").waitFor();
		await button(page, "Ta bort foto 1").click();
		await settle(page);
		await button(page, "Stäng").click();
		await page.getByText("closed").waitFor();
		// Written, and the power goes before any answer names it.
		await page.evaluate(() =>
			window.core.call("add_photo", {
				draft: "draft-ventilmotionering",
				name: "x.jpg",
				mediaType: "image/jpeg",
				bytesBase64: "AAAA",
			}),
		);
		await page.reload();
		await page.getByText("1 foto från avbrottet ligger under Foton.").waitFor();
		await page.getByText("2 tagna · 2 sparade här").waitFor();
	},
);

await journey(
	"a save that fails says so in red, typing goes on, and it saves by itself later",
	"form=ventilmotionering",
	async (page) => {
		await saved(page);
		await page.evaluate(() => {
			window.core.failure = { code: "disk_full" };
		});
		await radio(page, "Fungerar").click();
		await page.getByText("Inte sparat. Disken är full.").waitFor();
		await picture(page, "valve-not-saved-sol");
		await field(page, "Anmärkning").fill("skriver vidare");
		await page.evaluate(() => {
			window.core.failure = null;
		});
		await page.getByText(/^Sparat \d\d:\d\d:\d\d$/u).waitFor();
		await page.reload();
		same(await field(page, "Anmärkning").inputValue(), "skriver vidare", "after the failure");
	},
);

await journey(
	"seven points without deviation: one press, three next, complete, confirm",
	"form=arbetsplatsbesok",
	async (page) => {
		await button(page, "Nästa: Kontroll").click();
		await button(page, "Allt utan avvikelse").click();
		await page.getByText("7 av 7 besvarade").waitFor();
		await button(page, "Ångra").click();
		await page.getByText("0 av 7 besvarade").waitFor();
		await button(page, "Allt utan avvikelse").click();
		await button(page, "Nästa: Brister").click();
		await button(page, "Nästa: Underskrift").click();
		await button(page, "Klarmarkera").click();
		await page.getByText("Klarmarkera protokollet?").waitFor();
		await button(page, "Klarmarkera").click();
		await page.locator("#ended").waitFor();
		same((await answers(page)).antal_avvikelser, 0, "deviations");
	},
);

await journey(
	"a deviation opens observation, severity and date in place, and its photo is kept",
	"form=arbetsplatsbesok",
	async (page) => {
		await page.getByRole("tab", { name: /Kontroll/u }).click();
		const points = page.getByRole("radiogroup");
		await points.nth(0).getByRole("radio", { name: "Utan avvikelse" }).click();
		await points.nth(0).getByRole("radio", { name: "Avvikelse", exact: true }).click();
		await field(page, "Iakttagelse").fill("Täckskikt mäter 22 mm mot föreskrivna 30 mm i södra hörnet.");
		await radio(page, "B · snarast").click();
		await field(page, "Åtgärdas senast").fill("2026-12-29");
		await page
			.locator("input[type=file][multiple]")
			.first()
			.setInputFiles([await photo(page, 3), await photo(page, 4)]);
		await page.getByText("2 tagna · 2 sparade här").waitFor();
		await field(page, "Iakttagelse").focus();
		await settle(page);
		await picture(page, "visit-deviation-sol");
		await accessible(page, "deviation in Sol");
		await page.goto(`${origin}/?form=arbetsplatsbesok&mode=natt`);
		await page.getByRole("tab", { name: /Kontroll/u }).click();
		await page.getByText("2 tagna · 2 sparade här").waitFor();
		await settle(page);
		await picture(page, "visit-deviation-natt");
		await accessible(page, "deviation in Natt");
	},
);

await journey(
	"present persons and deficiencies are added, removed and taken back",
	"form=arbetsplatsbesok",
	async (page) => {
		await field(page, "Starttid").fill("9.30");
		await button(page, "Lägg till Närvarande").click();
		await page.keyboard.type("Anna Exempel");
		await field(page, "Roll").selectOption({ label: "Byggherre" });
		await settle(page);
		await picture(page, "visit-first-step-sol");
		await accessible(page, "first step");
		await page.getByRole("button", { name: /Ta bort: Närvarande 1/u }).click();
		await page.getByText("Närvarande 1 är borttagen.").waitFor();
		await button(page, "Ångra").click();
		same(await field(page, "Namn").inputValue(), "Anna Exempel", "name after undo");
		await page.getByRole("tab", { name: /Brister/u }).click();
		await button(page, "Lägg till Brister").click();
		await page.keyboard.type("Räcke saknas mot schaktet");
		await radio(page, "A · omedelbart").click();
		await page
			.getByRole("button", { name: /Välj datum i kalender/u })
			.first()
			.click();
		await settle(page);
		await picture(page, "visit-deficiency-calendar-sol");
		await page.keyboard.press("Escape");
		await page.getByRole("tab", { name: /Underskrift/u }).click();
		await button(page, "Klarmarkera").click();
		await page.getByText(/frågor behöver svar/u).waitFor();
		await picture(page, "visit-problems-sol");
	},
);

await journey(
	"a signature is drawn, kept over a crash and cleared",
	"form=arbetsplatsbesok",
	async (page) => {
		await page.getByRole("tab", { name: /Underskrift/u }).click();
		const paper = page.locator("canvas.paper");
		await paper.scrollIntoViewIfNeeded();
		const box = await paper.boundingBox();
		await page.mouse.move(box.x + 40, box.y + 100);
		await page.mouse.down();
		for (let n = 0; n < 30; n += 1)
			await page.mouse.move(box.x + 40 + n * 9, box.y + 80 + 40 * Math.sin(n / 2));
		await page.mouse.up();
		await page.waitForTimeout(1300);
		await picture(page, "visit-signature-sol");
		await page.reload();
		await page.getByRole("tab", { name: /Underskrift/u }).click();
		await page.locator("img.paper").waitFor();
		await accessible(page, "signature");
		await button(page, "Rensa").last().click();
		await page.locator("canvas.paper").waitFor();
	},
);

await journey("a draft is discarded and taken back", "form=ventilmotionering", async (page) => {
	await radio(page, "Fungerar").click();
	await button(page, "Mer").click();
	await button(page, "Kasta utkastet").click();
	await page.getByText("Utkastet är kastat.").waitFor();
	await button(page, "Ångra").click();
	await radio(page, "Fungerar").waitFor();
	await button(page, "Stäng").click();
	await page.getByText("closed").waitFor();
	same(await page.evaluate(() => window.core.closed), true, "closed in the core");
});

await journey("the whole valve form by keyboard", "form=ventilmotionering", async (page) => {
	await radio(page, "Fungerar").waitFor();
	for (let n = 0; n < 12; n += 1) {
		await page.keyboard.press("Tab");
		if (await page.evaluate(() => document.activeElement?.getAttribute("role") === "radio")) break;
	}
	await page.keyboard.press("ArrowRight");
	await page.keyboard.press("Space");
	same(await radio(page, "Trög").first().getAttribute("aria-checked"), "true", "chosen by arrow and space");
	await page.keyboard.press("1");
	same(await radio(page, "Fungerar").getAttribute("aria-checked"), "true", "chosen by digit");
	await page.keyboard.press("Control+Enter");
	await page.locator("#ended").waitFor();
});

await journey("every kind of question is answered by its control", "form=allsorts", async (page) => {
	await field(page, "Heltal").fill("9");
	await field(page, "Decimal").fill("12,");
	same(await field(page, "Decimal").inputValue(), "12,", "a comma under the hand");
	await field(page, "Decimal").pressSequentially("5");
	await field(page, "Dag").fill("29/5");
	await field(page, "Tid").fill("8.15");
	await field(page, "Tid").blur();
	same(await field(page, "Tid").inputValue(), "08:15", "a time after leaving it");
	await button(page, "Använd objektets läge").click();
	await page.getByText("N 6 600 379").waitFor();
	await field(page, "Namn").fill("Ek");
	await field(page, "Fri").fill("fri");
	await page.getByRole("radio", { name: "Träd" }).check();
	await page.getByRole("radio", { name: "Ek" }).check();
	await page.getByRole("checkbox", { name: "A" }).check();
	await page.getByRole("checkbox", { name: "C" }).check();
	await settle(page);
	await picture(page, "allsorts-sol");
	await accessible(page, "every kind of question");
	await button(page, "Spara").click();
	await page.locator("#ended").waitFor();
	const { decimal, tid, plats, smak, flera, dag } = await answers(page);
	same(decimal, 12.5, "decimal");
	same([tid.slice(0, 8), dag.slice(4), smak, flera], ["08:15:00", "-05-29", "ek", ["a", "c"]], "answers");
	same(Math.round(plats.latDeg * 100), 5952, "position");
});

await journey(
	"a draft that the window leaves by another door is put away and not called interrupted",
	"form=ventilmotionering",
	async (page) => {
		await radio(page, "Läcker").click();
		await page.evaluate(() => window.leave());
		await page.waitForFunction(() => window.core.closed);
		await page.reload();
		same(await radio(page, "Läcker").getAttribute("aria-checked"), "true", "kept");
	},
);

await journey(
	"a small window with large text and gloves holds the form",
	"form=arbetsplatsbesok",
	async (page) => {
		await page.setViewportSize({ width: 1024, height: 768 });
		await page.evaluate(() => {
			document.documentElement.style.setProperty("--text-size", "130");
			document.documentElement.dataset.gloves = "on";
		});
		await page.getByRole("tab", { name: /Kontroll/u }).click();
		await radio(page, "Avvikelse").first().click();
		await radio(page, "A · omedelbart").first().click();
		await settle(page);
		await picture(page, "visit-small-large-gloves");
		const wide = await page.evaluate(() => {
			const body = document.querySelector("#form-step");
			return body.scrollWidth - body.clientWidth;
		});
		same(wide, 0, "pixels that stick out");
	},
);

for (const mode of ["sol", "natt"]) {
	for (const language of ["sv", "en"]) {
		await journey(
			`both forms stand in ${mode}, ${language}`,
			`form=ventilmotionering&mode=${mode}&language=${language}`,
			async (page) => {
				await page.getByRole("radio").first().click();
				await settle(page);
				await picture(page, `valve-${mode}-${language}`);
				await accessible(page, "valve");
				await page.goto(`${origin}/?form=arbetsplatsbesok&mode=${mode}&language=${language}`);
				await page.getByRole("tab").nth(1).click();
				await settle(page);
				await picture(page, `visit-${mode}-${language}`);
				await accessible(page, "visit");
			},
		);
	}
}

await browser.close();
stop();
console.log(`${nHeld} of ${nHeld + nFailed} journeys hold`);
process.exitCode = nFailed === 0 ? 0 : 1;

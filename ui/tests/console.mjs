/**
 * The coordinator's console in a real browser, served by a real store with two real laptops: sign in, see what a
 * laptop waits with, decide a conflict, accept a proposal, revoke a laptop. Every page in two sizes and both modes
 * goes through axe and is pictured. `node tests/console.mjs`; needs the built program, FALTKARTA or in
 * CARGO_TARGET_DIR, and the built pages.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const program = process.env.FALTKARTA ?? join(process.env.CARGO_TARGET_DIR ?? "target", "debug/faltkarta");
const pages = fileURLToPath(new URL("../dist-console", import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const pictures = join(
	process.env.FALTKARTA_SHOTS ?? mkdtempSync(join(tmpdir(), "faltkarta-console-")),
	"console",
);
mkdirSync(pictures, { recursive: true });
const place = mkdtempSync(join(tmpdir(), "faltkarta-console-"));
const [store, anna, bo] = ["store", "anna", "bo"].map((name) => join(place, name));

const env = { ...process.env, FALTKARTA_KEY_STORE: "file" };
/** What a command answers; a refusal is `{ code }`. */
function faltkarta(...args) {
	try {
		return JSON.parse(execFileSync(program, [...args, "--json"], { env, encoding: "utf8", stdio: "pipe" }));
	} catch (thrown) {
		return JSON.parse(String(thrown.stderr).trim().split("\n").at(-1));
	}
}

let passed = 0;
function check(what, holds) {
	if (!holds) throw new Error(`not so: ${what}`);
	passed += 1;
	console.log(`  ok  ${what}`);
}
async function until(what, test) {
	for (let n = 0; n < 100; n += 1) {
		if (await test()) return check(what, true);
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	check(what, false);
}

faltkarta("demo", join(place, "delivery"), "--scale", "0.03");
faltkarta("import", store, join(place, "delivery/va_ledningsnat.gpkg"));
const server = spawn(program, ["serve", store, "--listen", "127.0.0.1:0", "--console", pages, "--json"], {
	env,
});
const url = await new Promise((resolve, reject) => {
	server.stdout.once("data", (line) => resolve(JSON.parse(line).url));
	server.once("exit", () => reject(new Error("the store does not serve")));
});
const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox"],
});

try {
	faltkarta("field", anna, "join", url, "--name", "VA-bil 2", "--user", "Anna Lind");
	faltkarta("field", bo, "join", url, "--name", "BMB-14", "--user", "Bo Ek");
	const features = (dataset) => {
		const file = join(place, `${dataset}.geojson`);
		rmSync(file, { force: true });
		faltkarta("export", store, "--dataset", dataset, "--to", file);
		return JSON.parse(readFileSync(file, "utf8")).features;
	};
	const valve = features("valve").find((it) => it.properties.lage === "öppen");
	const valveId = valve.id ?? valve.properties.id;
	faltkarta("field", anna, "edit", "update", "--id", valveId, "--set", "lage=stängd");
	faltkarta("field", anna, "sync");
	faltkarta("field", bo, "edit", "update", "--id", valveId, "--set", "lage=okänt");
	const clash = faltkarta("field", bo, "sync");
	check(`two laptops disagree about one valve: ${JSON.stringify(clash)}`, clash.conflicts === 1);
	const pipe = features("water_pipe")[0];
	const proposal = faltkarta(
		...["field", anna, "edit", "update", "--id", pipe.id ?? pipe.properties.id, "--set", "dimension=999"],
	);
	check("a pipe is edited", proposal.state === "saved_here");
	check("an edit of a pipe is held", faltkarta("field", anna, "sync").quarantined === 1);

	const code = faltkarta("device", "invite", store, "--role", "coordinator").code;
	const technician = faltkarta("device", "invite", store, "--role", "technician").code;
	const page = await (
		await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" })
	).newPage();
	const faults = [];
	page.on("pageerror", (error) => faults.push(error.message));
	page.on("console", (said) => {
		// The first look of a browser that is not signed in is answered with 401, and told by the browser itself.
		if (said.type() === "error" && !said.text().includes("401") && !said.text().includes("403"))
			faults.push(said.text());
	});

	const picture = async (name) => {
		for (const [width, height] of [
			[1280, 800],
			[1920, 1080],
		]) {
			await page.setViewportSize({ width, height });
			for (const mode of ["sol", "natt"]) {
				await page.evaluate((wanted) => (document.documentElement.dataset.mode = wanted), mode);
				await page.evaluate(axe);
				const found = await page.evaluate(() =>
					globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }),
				);
				const faulty = found.violations.map((it) => `${it.id}: ${it.nodes[0]?.html}`);
				check(
					`${name} at ${width} in ${mode}: ${faulty.join("; ") || "nothing to find"}`,
					faulty.length === 0,
				);
				await page.screenshot({ path: join(pictures, `${name}-${width}-${mode}.png`) });
			}
		}
		await page.setViewportSize({ width: 1280, height: 800 });
		await page.evaluate(() => (document.documentElement.dataset.mode = "sol"));
	};

	await page.goto(`${url}/console/`);
	await page.getByLabel("Namn").waitFor();
	await picture("sign-in");
	const enter = async (wanted) => {
		await page.getByLabel("Namn").fill("Karin Berg");
		await page.getByLabel("Engångskod").fill(wanted);
		await page.getByRole("button", { name: "Öppna" }).click();
	};
	await enter("AAAAA-AAAAA");
	await until("an unknown code is told", () => page.getByText("Koden gäller inte längre").isVisible());
	await enter(technician);
	await until("a technician's code is not enough", () =>
		page.getByText("gäller inte för samordnare").isVisible(),
	);
	await enter(code);

	// A supplier's parcels with a fault in them: sent in, looked over, published; and a file that is none.
	await page.getByTestId("nav-deliveries").click();
	await page.getByTestId("file-input").setInputFiles(join(place, "delivery/fastighetsindelning_kn1884.gpkg"));
	const parcels = page.getByTestId("delivery").filter({ hasText: "fastighetsindelning" });
	await until("the delivery is to be looked over", () => parcels.getByText("Granska").isVisible());
	check("nothing has changed", features("parcel").length === 0);
	await parcels.getByRole("button").first().click();
	await until("the parcel that crosses itself is told", () =>
		page.getByText("korsar sig").first().isVisible(),
	);
	await picture("delivery");
	await page.getByRole("button", { name: "Publicera", exact: true }).click();
	await until("it is published", () => parcels.getByText("Publicerad").isVisible());
	check("the store has the parcels", features("parcel").length > 100);
	await page.getByTestId("file-input").setInputFiles({
		name: "skrap.gpkg",
		mimeType: "application/octet-stream",
		buffer: Buffer.from("inte ett paket"),
	});
	const junk = page.getByTestId("delivery").filter({ hasText: "skrap.gpkg" });
	await until("a file that is no delivery is stopped", () => junk.getByText("Stoppad").isVisible());
	await page.getByTestId("nav-datasets").click();
	await until("the datasets are listed", () => page.locator('[data-row="parcel"]').isVisible());
	await picture("datasets");

	await page.getByTestId("nav-devices").click();
	await page.getByTestId("device").first().waitFor();

	check("both laptops are listed", (await page.getByTestId("device").count()) === 2);
	await page.getByRole("button", { name: /BMB-14/ }).click();
	await until("its user is told", () => page.getByTestId("detail").getByText("Bo Ek").isVisible());
	await picture("devices");

	await page.getByTestId("nav-cases").click();
	check("one conflict", (await page.getByTestId("conflict").count()) === 1);
	check("one proposal", (await page.getByTestId("held").count()) === 1);
	await page.getByTestId("conflict").getByRole("button").click();
	await until("both authors are named", async () => {
		const text = await page.getByTestId("detail").innerText();
		return text.includes("Anna Lind") && text.includes("Bo Ek");
	});
	await picture("conflict");
	await page.getByLabel(/Som i lagret/).check();
	await page.getByLabel("Varför?").fill("Anna stängde ventilen på plats");
	await page.getByRole("button", { name: "Spara beslutet" }).click();
	await until(
		"the conflict is gone from the list",
		async () => (await page.getByTestId("conflict").count()) === 0,
	);
	faltkarta("field", bo, "sync");
	const left = faltkarta("field", bo, "conflicts");
	check("and from the laptop", left.conflicts.length === 0);

	await page.getByTestId("held").getByRole("button").click();
	await picture("held");
	await page.getByRole("button", { name: "Godkänn" }).click();
	await until(
		"the proposal is gone from the list",
		async () => (await page.getByTestId("held").count()) === 0,
	);
	const changed = features("water_pipe").find(
		(it) => (it.id ?? it.properties.id) === (pipe.id ?? pipe.properties.id),
	);
	check("and holds", changed.properties.dimension === 999);

	await page.getByTestId("nav-devices").click();
	await page.getByRole("button", { name: /BMB-14/ }).click();
	await page.getByRole("button", { name: "Spärra", exact: true }).click();
	await picture("revoke");
	await page.getByRole("button", { name: "Ja, spärra" }).click();
	await until("the laptop is shown as revoked", () =>
		page.getByTestId("device").getByText("Spärrad").isVisible(),
	);
	check("and is refused", faltkarta("field", bo, "sync").code === "signed_out");

	await page.getByRole("button", { name: "Logga ut" }).click();
	await until("signing out leads to the door", () => page.getByLabel("Engångskod").isVisible());
	const forged = await fetch(`${url}/console/api/devices`);
	check("without a session nothing is told", forged.status === 401);
	const foreign = await fetch(`${url}/console/api/session`, { method: "POST", body: "{}" });
	check("a page of another site can do nothing", foreign.status === 403);
	check(`no fault in the page: ${faults.join("; ")}`, faults.length === 0);
	console.log(`${passed} passed`);
} finally {
	await browser.close();
	server.kill();
	rmSync(place, { recursive: true, force: true });
}

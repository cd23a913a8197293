// Serves the built page under the content security policy of the app and runs every check in real headless Chromium.
// `npm run contract`; exit status 1 when a check fails. Set CHROMIUM to use another browser binary.
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "../serve.mjs";

const folder = fileURLToPath(new URL("../../build/contract", import.meta.url));
const { url: origin, close: stop } = await serve(folder);

const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
	args: ["--no-sandbox"],
});
const page = await browser.newPage({ locale: "sv-SE", timezoneId: "Europe/Stockholm" });
const strange = [];
page.on("request", (request) => {
	if (!request.url().startsWith(origin) && !/^(blob|data):/u.test(request.url())) strange.push(request.url());
});
page.on("pageerror", (error) => console.error("page:", error.message));
await page.goto(origin);
await page.waitForFunction(() => "runChecks" in window);
const only = process.argv[2] ?? "";
const results = await page.evaluate((it) => window.runChecks(it), only);
await browser.close();
stop();

let nFailed = 0;
for (const { name, fault, ms } of results) {
	if (fault !== null) nFailed += 1;
	console.log(
		`${fault === null ? "ok  " : "FAIL"} ${name} (${Math.round(ms)} ms)${fault === null ? "" : `\n     ${fault}`}`,
	);
}
if (strange.length > 0) {
	nFailed += 1;
	console.log(`FAIL requests left the page: ${strange.join(", ")}`);
}
console.log(`${results.length - nFailed} of ${results.length} hold`);
process.exitCode = nFailed === 0 && results.length > 0 ? 0 : 1;

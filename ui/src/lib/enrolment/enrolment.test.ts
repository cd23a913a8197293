import { describe, expect, it } from "vitest";
import { demoCore } from "../core/fake/demoCore";
import { Enrolment } from "./enrolment.svelte";

const empty = { url: "", deviceName: "", userName: "" };

function filled(url: string, code = ""): Enrolment {
	const core = demoCore({ phase: "empty" });
	const enrolment = new Enrolment(core, { url, deviceName: "VA-bil 3", userName: "Fälttekniker Ett" });
	enrolment.code = code;
	return enrolment;
}

describe("enrolment", () => {
	it("asks for nothing before the first try", () => {
		expect(new Enrolment(demoCore(), empty).problems).toEqual([]);
	});

	it("lists what is missing and sends nothing", async () => {
		const core = demoCore({ phase: "empty" });
		const enrolment = new Enrolment(core, empty);
		await enrolment.start();
		expect(enrolment.problems).toEqual(["address_missing", "device_missing", "user_missing"]);
		expect(core.calls).toEqual([]);
	});

	it("wants an address of the web", async () => {
		for (const url of ["geodata.bmb.example", "ftp://geodata.bmb.example", "https://"]) {
			const enrolment = filled(url);
			await enrolment.start();
			expect(enrolment.problems).toEqual(["address_bad"]);
		}
	});

	it("keeps what was typed when the store does not answer", async () => {
		const enrolment = filled("https://svarar-inte.example");
		await enrolment.start();
		expect(enrolment.step).toEqual({ step: "form", errorCode: "server_unreachable" });
		expect(enrolment.deviceName).toBe("VA-bil 3");
	});

	it("tells a code that is no longer valid", async () => {
		const enrolment = filled("https://geodata.bmb.example", "000000");
		await enrolment.start();
		expect(enrolment.step).toEqual({ step: "form", errorCode: "code_invalid" });
	});

	it("follows the fetching until it is done", async () => {
		const enrolment = filled("https://geodata.bmb.example");
		await enrolment.start();
		const seen: number[] = [];
		for (let turn = 0; turn < 20 && enrolment.step.step === "fetching"; turn++) {
			seen.push(enrolment.step.progress.nBytesDone);
			await enrolment.refresh();
		}
		expect(enrolment.step).toEqual({ step: "done" });
		expect(seen).toEqual([...seen].sort((a, b) => a - b));
	});

	it("goes back to the form when the fetching fails", async () => {
		const core = demoCore({ phase: "empty" });
		const enrolment = new Enrolment(core, {
			url: "https://geodata.bmb.example",
			deviceName: "d",
			userName: "u",
		});
		await enrolment.start();
		core.enrolment = { ...core.enrolment, state: "failed", errorCode: "package_damaged" };
		await enrolment.refresh();
		expect(enrolment.step).toEqual({ step: "form", errorCode: "package_damaged" });
	});
});

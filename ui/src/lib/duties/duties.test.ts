import { describe, expect, it } from "vitest";
import type { DutyDto } from "../core/bindings";
import { demoCore, SlowCore } from "../core/fake/demoCore";
import { Duties } from "./duties.svelte";
import { awayText, dutyPlaceText, dutySourceText, unknownText } from "./dutyText";

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const street = { lonDeg: 15.0378, latDeg: 59.5182, label: "Exempelhyttan 1:5" };
const forest = { lonDeg: 15.0478, latDeg: 59.5132, label: "" };

async function duty(part: Partial<DutyDto>): Promise<DutyDto> {
	const duties = new Duties(demoCore());
	await duties.open(street);
	const [first] = duties.shown.state === "answer" ? duties.shown.answer.duties : [];
	if (!first) throw new Error("no duty");
	return { ...first, ...part };
}

describe("duties", () => {
	it("are those of the street, with who has them", async () => {
		const duties = new Duties(demoCore());
		await duties.open(street);
		expect(
			duties.shown.state === "answer" ? duties.shown.answer.duties.map((one) => [one.duty, one.who]) : [],
		).toEqual([
			["road", "Nora kommun, gata"],
			["snow", "Fastighetsägaren"],
			["light", ""],
			["water", "BKT VA"],
			["waste", "Bergslagens kommunalteknik, avfall"],
		]);
	});

	it("never let a late answer replace a newer one", async () => {
		const core = new SlowCore(demoCore(), "load_duties");
		const duties = new Duties(core);
		const first = duties.open(street);
		const second = duties.open(forest);
		await core.release(1);
		await second;
		await core.release(0);
		await first;
		expect(duties.shown).toMatchObject({ state: "answer", answer: { duties: [] } });
	});

	it("can be asked for again after a refusal", async () => {
		const core = demoCore();
		core.refusals.set("load_duties", { code: "store_damaged" });
		const duties = new Duties(core);
		await duties.open(street);
		expect(duties.shown.state).toBe("failed");
		core.refusals.clear();
		await duties.retry();
		expect(duties.shown.state).toBe("answer");
	});
});

describe("the words of a duty", () => {
	it("say that nobody is known, and where that was looked for", async () => {
		const nvdb = { publisher: "NVDB", dataDate: "2026-05-11" };
		expect(unknownText(await duty({ duty: "road", ...nvdb }))).toBe("Väghållare okänd i NVDB 2026-05-11.");
		expect(unknownText(await duty({ duty: "light", ...nvdb }))).toBe("Ansvarig okänd i NVDB 2026-05-11.");
		expect(unknownText(await duty({ duty: "road", publisher: "", dataDate: null }))).toBe(
			"Väghållare okänd.",
		);
	});

	it("say how far away what they follow from is", async () => {
		expect(plain(awayText(await duty({ distanceM: 32 })))).toBe("30 m bort");
		expect(awayText(await duty({ distanceM: 0 }))).toBe("");
	});

	it("name the source", async () => {
		expect(dutySourceText(await duty({}))).toBe("NVDB · data 2026-05-11");
		expect(dutySourceText(await duty({ dataDate: null }))).toBe("NVDB · datadatum saknas");
	});

	it("name the place by its card, or by where it is", async () => {
		const duties = new Duties(demoCore());
		await duties.open(street);
		const answer = duties.shown.state === "answer" ? duties.shown.answer : null;
		expect(dutyPlaceText(street.label, answer, "grid")).toBe("Exempelhyttan 1:5 · Nora kommun");
		expect(plain(dutyPlaceText("", answer, "grid"))).toMatch(
			/^Punkt N 6 600 \d+ {2}E 152 \d+ · Nora kommun$/,
		);
		expect(dutyPlaceText("", null, "grid")).toBe("");
	});
});

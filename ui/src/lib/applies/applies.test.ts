import { describe, expect, it } from "vitest";
import { demoCore, SlowCore } from "../core/fake/demoCore";
import { Applies, type Question } from "./applies.svelte";

const parcel: Question = { kind: "parcel", dataset: "parcel", id: "p110" };
const neighbour: Question = { kind: "parcel", dataset: "parcel", id: "p111" };
/** Lets everything that waits only for itself come to an end. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

describe("what applies", () => {
	it("is numbered through what concerns the place and what is near it", async () => {
		const applies = new Applies(demoCore());
		await applies.open(parcel);
		expect(applies.rows.map((row) => [row.number, row.title, row.relation])).toEqual([
			[1, "Detaljplan Hyttstranden", "inside"],
			[2, "Strandskydd 100 m", "inside"],
			[3, "Verksamhetsområde VA", "inside"],
			[4, "Hyttlämning", "within"],
		]);
	});

	it("is asked of a parcel by its id, and of a point by where it is", async () => {
		const core = demoCore();
		const applies = new Applies(core);
		await applies.open(parcel);
		await applies.open({ kind: "point", lonDeg: 15.0378, latDeg: 59.5182 });
		expect(core.calls.map((call) => call.input)).toEqual([
			{ dataset: "parcel", feature: "p110", lonDeg: null, latDeg: null },
			{ dataset: "", feature: "", lonDeg: 15.0378, latDeg: 59.5182 },
		]);
		expect(applies.answer).toMatchObject({ title: "Exempelhyttan 1:5", feature: "" });
	});

	it("never shows a late answer in place of a newer one", async () => {
		const core = new SlowCore(demoCore(), "load_applies");
		const applies = new Applies(core);
		const first = applies.open(parcel);
		const second = applies.open(neighbour);
		await core.release(1);
		await second;
		await core.release(0);
		await first;
		expect(applies.answer?.title).toBe("Exempelhyttan 1:6");
	});

	it("has nothing left of it once it is closed, not even what comes late", async () => {
		const core = new SlowCore(demoCore(), "load_applies");
		const applies = new Applies(core);
		const opened = applies.open(parcel);
		applies.close();
		await core.release(0);
		await opened;
		expect(applies.shown.state).toBe("none");
		expect(applies.rows).toEqual([]);
	});

	it("can be asked again after a refusal", async () => {
		const core = demoCore();
		core.refusals.set("load_applies", { code: "store_damaged" });
		const applies = new Applies(core);
		await applies.open(parcel);
		expect(applies.shown).toEqual({ state: "failed", error: { code: "store_damaged" } });
		core.refusals.clear();
		await applies.retry();
		expect(applies.shown.state).toBe("answer");
	});

	it("stays while it is asked for again, and keeps what was chosen", async () => {
		const core = new SlowCore(demoCore(), "load_applies");
		const applies = new Applies(core);
		const opened = applies.open(parcel);
		await core.release(0);
		await opened;
		applies.choose(2);
		const refreshed = applies.refresh();
		expect(applies.shown.state).toBe("answer");
		await core.release(1);
		await refreshed;
		expect(applies.chosen?.dataset).toBe("shore_protection");
	});
});

describe("a chosen zone", () => {
	it("is outlined by its own shape", async () => {
		const applies = new Applies(demoCore());
		await applies.open(parcel);
		expect(applies.choose(3)?.dataset).toBe("va_service_area");
		await settle();
		expect(applies.outlineJson).toContain('"Polygon"');
	});

	it("is none for a number that is not in the list", async () => {
		const applies = new Applies(demoCore());
		await applies.open(parcel);
		applies.choose(2);
		expect(applies.choose(9)).toBeNull();
		expect(applies.chosen).toBeNull();
	});

	it("never gets the shape of the one that was chosen before", async () => {
		const core = new SlowCore(demoCore(), "load_card");
		const applies = new Applies(core);
		await applies.open(parcel);
		applies.choose(3);
		applies.choose(4);
		await core.release(1);
		await core.release(0);
		expect(applies.outlineJson).toContain('"Point"');
	});
});

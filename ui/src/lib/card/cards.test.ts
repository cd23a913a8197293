import { describe, expect, it } from "vitest";
import { demoCore, SlowCore } from "../core/fake/demoCore";
import type { FactDto } from "../core/bindings";
import { Cards } from "./cards.svelte";
import { factText, isAsbestos } from "./factText";

const titleOf = (cards: Cards) => (cards.shown.state === "card" ? cards.shown.card.title : cards.shown.state);

describe("cards", () => {
	it("show a feature's card", async () => {
		const cards = new Cards(demoCore());
		await cards.open({ dataset: "valve", id: "v118" });
		expect(titleOf(cards)).toBe("Ventil AV-118");
	});

	it("never let a late card replace a newer one", async () => {
		const core = new SlowCore(demoCore(), "load_card");
		const cards = new Cards(core);
		const first = cards.open({ dataset: "valve", id: "v118" });
		const second = cards.open({ dataset: "valve", id: "v121" });
		await core.release(1);
		await second;
		await core.release(0);
		await first;
		expect(titleOf(cards)).toBe("Ventil AV-121");
	});

	it("give back what was kept when a preview ends", async () => {
		const cards = new Cards(demoCore());
		await cards.open({ dataset: "valve", id: "v118" });
		await cards.preview({ dataset: "valve", id: "v121" });
		expect(titleOf(cards)).toBe("Ventil AV-121");
		await cards.preview(null);
		expect(titleOf(cards)).toBe("Ventil AV-118");
	});

	it("take the next thing at the same spot, and come round", async () => {
		const core = demoCore();
		const cards = new Cards(core);
		const answer = await core.call("identify_features", {
			lonDeg: 15.0378,
			latDeg: 59.5182,
			radiusM: 40,
			datasets: ["parcel", "address"],
		});
		const here = answer.ok ? answer.value.features : [];
		expect(here.length).toBeGreaterThan(1);
		await cards.openHere(here);
		await cards.cycle(-1);
		expect(cards.hereIndex).toBe(here.length - 1);
		expect(titleOf(cards)).toBe(here.at(-1)?.label);
		await cards.cycle(1);
		expect(titleOf(cards)).toBe(here[0]?.label);
	});

	it("say when the feature is gone", async () => {
		const cards = new Cards(demoCore());
		await cards.open({ dataset: "valve", id: "nowhere" });
		expect(cards.shown).toMatchObject({ state: "failed", error: { code: "feature_not_found" } });
	});

	it("keep the old card while the new is on its way", async () => {
		const inner = demoCore();
		const core = new SlowCore(inner, "load_card");
		const cards = new Cards(core);
		const opened = cards.open({ dataset: "valve", id: "v118" });
		await core.release(0);
		await opened;
		const refreshed = cards.refresh();
		expect(titleOf(cards)).toBe("Ventil AV-118");
		await core.release(1);
		await refreshed;
		expect(titleOf(cards)).toBe("Ventil AV-118");
	});
});

const fact = (part: Partial<FactDto>): FactDto => ({
	field: "x",
	title: { sv: "X", en: "X" },
	value: { sv: part.raw ?? "", en: part.raw ?? "" },
	raw: "",
	valueType: "text",
	unit: "",
	ownEdit: "",
	...part,
});

const plain = (text: string) => text.replaceAll("\u00a0", " ");

describe("facts", () => {
	it("are written as a Swede writes them", () => {
		expect(plain(factText(fact({ raw: "1240", valueType: "int", unit: "l/min" })))).toBe("1 240 l/min");
		expect(factText(fact({ raw: "1974", valueType: "int" }))).toBe("1974");
		expect(plain(factText(fact({ raw: "1.9", valueType: "real", unit: "m" })))).toBe("1,9 m");
		expect(factText(fact({ raw: "true", valueType: "bool" }))).toBe("Ja");
		expect(factText(fact({ raw: "", valueType: "bool" }))).toBe("Okänt");
	});

	it("warn for asbestos cement", async () => {
		const core = demoCore();
		const result = await core.call("load_card", { dataset: "water_pipe", id: "water_pipe-1" });
		if (!result.ok) throw new Error("no card");
		expect(isAsbestos(result.value)).toBe(false);
		expect(isAsbestos({ ...result.value, facts: [fact({ field: "material", raw: "AC" })] })).toBe(true);
	});
});

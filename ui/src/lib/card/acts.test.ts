import { describe, expect, it } from "vitest";
import type { CardDto } from "../core/bindings";
import { demoForms } from "../core/fake/demo";
import { demoCore } from "../core/fake/demoCore";
import { actsOf, actsOfPlace, type Act } from "./acts";

const named = (acts: readonly Act[]) => acts.map((act) => (act.kind === "form" ? act.form.id : act.kind));

async function cardOf(dataset: string, id: string): Promise<CardDto> {
	const result = await demoCore().call("load_card", { dataset, id });
	if (!result.ok) throw new Error("no card");
	return result.value;
}

describe("the acts of a card", () => {
	it("begin with the question, for a parcel", async () => {
		const card = await cardOf("parcel", "p110");
		expect(named(actsOf(card, demoForms))).toEqual(["applies", "duties", "arbetsplatsbesok", "zoom", "copy"]);
	});

	it("begin with the work, for a valve", async () => {
		const card = await cardOf("valve", "v118");
		expect(named(actsOf(card, demoForms))).toEqual(["ventilmotionering", "duties", "zoom", "copy"]);
	});

	it("ask nothing of a place for what has none", async () => {
		const card = { ...(await cardOf("valve", "v118")), position: null };
		expect(named(actsOf(card, demoForms))).toEqual(["ventilmotionering", "zoom"]);
	});

	it("begin with the question, for a bare place", () => {
		expect(named(actsOfPlace(demoForms))).toEqual([
			"applies",
			"duties",
			"ventilmotionering",
			"arbetsplatsbesok",
			"copy",
		]);
	});
});

import { describe, expect, it } from "vitest";
import type { FakeOptions } from "../core/fake/fakeCore";
import { demoCore } from "../core/fake/demoCore";
import { FieldApp } from "./fieldApp.svelte";

async function start(
	options: FakeOptions = {},
): Promise<{ app: FieldApp; core: ReturnType<typeof demoCore> }> {
	const core = demoCore(options);
	const session = await core.call("load_session", {});
	if (!session.ok) throw new Error("no session");
	return { app: new FieldApp(core, session.value), core };
}

const spot = (lonDeg: number, latDeg: number) => ({ lonDeg, latDeg, radiusM: 8, xPx: 0, yPx: 0 });

describe("the field app", () => {
	it("goes from an address to its card with one Enter", async () => {
		const { app } = await start();
		await app.search.write("strandv 9");
		await app.keepHit();
		expect(app.panel.kind).toBe("card");
		expect(app.cards.shown).toMatchObject({ state: "card", card: { title: "Strandvägen 9" } });
	});

	it("closes a card that was only opened for a preview when the search is left", async () => {
		const { app } = await start();
		await app.search.write("strandv 9");
		app.search.step(1);
		await app.previewHit();
		expect(app.panel.kind).toBe("card");
		await app.leaveSearch();
		expect(app.panel.kind).toBe("none");
	});

	it("gives back the card that was open before the search", async () => {
		const { app } = await start();
		await app.openFeature({ dataset: "valve", id: "v118" });
		await app.search.write("strandv 9");
		app.search.step(1);
		await app.previewHit();
		await app.leaveSearch();
		expect(app.cards.shown).toMatchObject({ state: "card", card: { title: "Ventil AV-118" } });
	});

	it("says so where nothing lies", async () => {
		const { app } = await start();
		await app.ask(spot(16.2, 60.4));
		expect(app.message?.text).toBe("Inget här i de lager som visas.");
		expect(app.panel.kind).toBe("none");
		app.hush();
	});

	it("takes the next thing at the second press on the same spot", async () => {
		const { app } = await start();
		const card = await app.core.call("load_card", { dataset: "valve", id: "v118" });
		const at = card.ok ? card.value.position : null;
		if (!at) throw new Error("no place");
		await app.ask(spot(at.lonDeg, at.latDeg));
		expect(app.cards.hereIndex).toBe(0);
		await app.ask(spot(at.lonDeg, at.latDeg));
		expect(app.cards.hereIndex).toBe(1);
	});

	it("keeps a refusal until it is acted on", async () => {
		const { app, core } = await start();
		core.refusals.set("identify_features", { code: "store_damaged" });
		await app.ask(spot(15.037, 59.516));
		expect(app.failure).toEqual({ code: "store_damaged" });
		app.dismissFailure();
		expect(app.failure).toBeNull();
	});

	it("puts the same numbers on the map as in the list, only while the list is open", async () => {
		const { app } = await start();
		expect(app.marks).toEqual([]);
		app.open({ kind: "changes" });
		await app.changes.refresh();
		expect(app.marks.map((mark) => mark.number)).toEqual(
			app.changes.numbered.filter((row) => row.position).map((row) => row.number),
		);
		app.closePanel();
		expect(app.marks).toEqual([]);
	});

	it("closes the panel that is pressed again", async () => {
		const { app } = await start();
		app.toggle("layers");
		app.toggle("layers");
		expect(app.panel.kind).toBe("none");
	});

	it("opens the interrupted draft and then stops offering it", async () => {
		const { app } = await start({ hasInterruptedDraft: true });
		expect(app.recovered?.subjectLabel).toBe("Exempelhyttan 1:3");
		await app.openDraft(app.recovered?.id ?? "");
		expect(app.panel).toMatchObject({ kind: "inspection" });
		expect(app.recovered).toBeNull();
	});

	it("begins an inspection of what the card shows", async () => {
		const { app } = await start();
		await app.openFeature({ dataset: "valve", id: "v118" });
		await app.startInspection("ventilmotionering", { dataset: "valve", id: "v118" }, null);
		expect(app.panel).toMatchObject({
			kind: "inspection",
			draft: { form: "ventilmotionering", subjectId: "v118" },
		});
		app.closeInspection();
		expect(app.panel.kind).toBe("card");
	});

	it("asks about the selected parcel, and comes back to its card one step at a time", async () => {
		const { app } = await start();
		await app.openFeature({ dataset: "parcel", id: "p110" });
		const question = app.questionAt(spot(15.05, 59.52));
		expect(question).toEqual({ kind: "parcel", dataset: "parcel", id: "p110" });
		await app.askApplies(question);
		expect(app.panel.kind).toBe("applies");
		app.asking.choose(2);
		app.leaveQuestion();
		expect([app.panel.kind, app.asking.applies.chosen]).toEqual(["applies", null]);
		app.leaveQuestion();
		expect([app.panel.kind, app.asking.applies.shown.state]).toEqual(["card", "none"]);
	});

	it("asks about the crosshair when no parcel is selected, and then gives back the whole map", async () => {
		const { app } = await start();
		await app.openFeature({ dataset: "valve", id: "v118" });
		expect(app.questionAt(spot(15.05, 59.52))).toEqual({ kind: "point", lonDeg: 15.05, latDeg: 59.52 });
		app.closePanel();
		await app.askApplies(app.questionAt(spot(15.05, 59.52)));
		app.leaveQuestion();
		expect(app.panel.kind).toBe("none");
	});

	it("draws the hits while their answer is open, and then what the person chose", async () => {
		const { app } = await start();
		const before = [...app.shownOnMap.datasets];
		expect(before).not.toContain("shore_protection");
		await app.askApplies({ kind: "parcel", dataset: "parcel", id: "p110" });
		expect(app.shownOnMap.zones.first).toEqual([
			"plan",
			"shore_protection",
			"va_service_area",
			"ancient_remains",
		]);
		for (const dataset of app.shownOnMap.zones.first)
			expect(app.shownOnMap.datasets.has(dataset), dataset).toBe(true);
		expect(app.marks.map((mark) => [mark.number, mark.state])).toEqual([
			[1, "hit"],
			[2, "hit"],
			[3, "hit"],
			[4, "hit"],
		]);
		app.asking.choose(2);
		expect(app.shownOnMap.zones.chosen).toBe("shore_protection");
		expect(app.marks.map((mark) => mark.state)).toEqual(["hit", "chosen", "hit", "hit"]);
		app.open({ kind: "layers" });
		expect([...app.shownOnMap.datasets]).toEqual(before);
		expect(app.shownOnMap.zones).toEqual({ first: [], chosen: null });
	});

	it("says who is responsible where the selected parcel lies", async () => {
		const { app, core } = await start();
		await app.openFeature({ dataset: "parcel", id: "p110" });
		const place = app.dutyPlaceAt(spot(15.05, 59.52));
		expect(place.label).toBe("Exempelhyttan 1:5");
		await app.askDuties(place);
		expect(core.calls.at(-1)).toEqual({
			name: "load_duties",
			input: { lonDeg: place.lonDeg, latDeg: place.latDeg },
		});
		expect(app.asking.duties.shown.state).toBe("answer");
		app.leaveQuestion();
		expect(app.panel.kind).toBe("card");
	});

	it("follows the computer's own light when told to", async () => {
		const { app } = await start({ settings: { mode: "system" } });
		expect(app.mode).toBe("sol");
		app.setSystemIsDark(true);
		expect(app.mode).toBe("natt");
	});
});

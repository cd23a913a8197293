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

	it("follows the computer's own light when told to", async () => {
		const { app } = await start({ settings: { mode: "system" } });
		expect(app.mode).toBe("sol");
		app.setSystemIsDark(true);
		expect(app.mode).toBe("natt");
	});
});

import { describe, expect, it } from "vitest";
import { demoCore } from "../core/fake/demoCore";
import { FieldApp } from "./fieldApp.svelte";

const spot = (lonDeg: number, latDeg: number, isFree = false) => ({
	lonDeg,
	latDeg,
	radiusM: 8,
	xPx: 0,
	yPx: 0,
	isFree,
});
const corners = [spot(15.036, 59.5185), spot(15.038, 59.5185), spot(15.038, 59.5195), spot(15.036, 59.5195)];

async function start(): Promise<{ app: FieldApp; core: ReturnType<typeof demoCore> }> {
	const core = demoCore();
	const session = await core.call("load_session", {});
	if (!session.ok) throw new Error("no session");
	const app = new FieldApp(core, session.value);
	app.open({ kind: "measure" });
	return { app, core };
}

describe("measuring", () => {
	it("takes the map's presses while its panel is open, and gives them back", async () => {
		const { app, core } = await start();
		app.press(corners[0] ?? spot(0, 0));
		await Promise.resolve();
		expect(core.calls.at(-1)?.name).toBe("measure_places");
		app.closePanel();
		app.press(corners[0] ?? spot(0, 0));
		expect(app.measuring.isOpen).toBe(false);
		expect(core.calls.some(({ name }) => name === "identify_features")).toBe(true);
	});

	it("keeps the measure as a note for the day when it is left with the pointer still moving", async () => {
		const { app } = await start();
		const { measuring } = app;
		await measuring.add(spot(15.036, 59.5185, true));
		await measuring.add(spot(15.037, 59.5185, true));
		const value = measuring.measure.answer?.value;
		await measuring.follow(spot(15.039, 59.5185, true));
		await measuring.leave();
		expect(measuring.notes.list).toMatchObject([{ kind: "length", value }]);
		expect(measuring.measure.placed).toEqual([]);
	});

	it("keeps nothing that is no figure", async () => {
		const { app } = await start();
		await app.measuring.add(spot(15.036, 59.5185));
		await app.measuring.leave();
		expect(app.measuring.notes.list).toEqual([]);
	});

	it("asks for a free place when Shift is held", async () => {
		const { app, core } = await start();
		await app.measuring.add(spot(15.036, 59.5185, true));
		expect(core.calls.at(-1)?.input).toMatchObject({ points: [{ snapM: 0 }] });
		await app.measuring.add(spot(15.037, 59.5185));
		expect(core.calls.at(-1)?.input).toMatchObject({ points: [{ snapM: 0 }, { snapM: 8 }] });
	});

	it("puts places by typed coordinates, and says when they are none", async () => {
		const { app } = await start();
		expect(await app.measuring.addTyped("6600379 152143")).toBe(true);
		expect(app.measuring.measure.placed[0]?.at.gridEM).toBeCloseTo(152_143, 0);
		expect(await app.measuring.addTyped("strandvägen")).toBe(false);
	});

	it("selects what lies in the area among what is shown, with the filters that are put on", async () => {
		const { app, core } = await start();
		const { measuring } = app;
		const valve = app.layers.find("valve");
		const filter = valve?.filters[0];
		if (!valve || !filter) throw new Error("no valve");
		app.layers.setFilter(valve, filter, "2018");
		await measuring.choose("area");
		expect(measuring.canSelect).toBe(false);
		for (const corner of corners) await measuring.add({ ...corner, isFree: true });
		expect(measuring.canSelect).toBe(true);
		await measuring.select();
		const input = core.calls.findLast(({ name }) => name === "select_features")?.input;
		expect(input).toMatchObject({ shape: "area", filters: [{ dataset: "valve", value: "2018" }] });
		expect(JSON.stringify(input)).not.toContain("contour");
		expect(measuring.selection.answer?.rows.length).toBeGreaterThan(3);
		expect(app.marks.map(({ number }) => number)).toEqual(
			measuring.selection.numbered.map(({ number }) => number),
		);
	});

	it("opens the card of a selected row, and is as it was when one comes back", async () => {
		const { app } = await start();
		const { measuring } = app;
		await measuring.choose("buffer");
		await measuring.add({ ...spot(15.037, 59.519), isFree: true });
		measuring.setReach(60);
		await measuring.select();
		const row = measuring.selection.answer?.rows[0];
		const selected = measuring.selection.answer?.shapesJson;
		if (!row) throw new Error("nothing selected");
		await app.openFeature(row);
		expect(app.panel.kind).toBe("card");
		expect(measuring.isOpen).toBe(false);
		app.toggle("measure");
		expect(measuring.selection.shown).toMatchObject({ state: "answer", answer: { shapesJson: selected } });
	});
});

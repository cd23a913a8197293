import siteVisit from "../../../../../data/forms/arbetsplatsbesok.xml?raw";
import valveExercise from "../../../../../data/forms/ventilmotionering.xml?raw";
import townUrl from "../../../../tests/fixtures/town.json?url";
import { isDemoConflict } from "./demoConflicts";
import { withZones } from "./demoZones";
import { FakeCore, type FakeOptions } from "./fakeCore";
import { fakeTile } from "./fakeTiles";
import type { Town } from "./town";

/** The invented core of the screen tests; the page's address says how the laptop is. */
export async function startFakeCore(query: URLSearchParams): Promise<FakeCore> {
	const response = await fetch(townUrl);
	// The fixture is ours and committed with the tests.
	const town = (await response.json()) as Town;
	const phase = query.get("phase");
	const options: FakeOptions = {
		phase: phase === "empty" || phase === "bundle" ? phase : "enrolled",
		sync: query.get("sync") ?? "received",
		hasPoorLayers: query.has("poor"),
		hasInterruptedDraft: query.has("draft"),
		hasChanges: !query.has("nochanges"),
		hasWaiting: query.has("waiting"),
		conflicts: (query.get("conflicts") ?? "fields").split(",").filter(isDemoConflict),
		settings: {
			language: query.get("language") ?? "sv",
			mode: query.get("mode") ?? "sol",
			textSizePct: Number(query.get("text") ?? 100),
			gloves: query.has("gloves"),
			reducedMotion: true,
			...(query.get("off") ? { layersOff: query.get("off")?.split(",") ?? [] } : {}),
			...(query.get("on") ? { layersOn: query.get("on")?.split(",") ?? [] } : {}),
		},
		formXml: { arbetsplatsbesok: siteVisit, ventilmotionering: valveExercise },
		tile: (path) => fakeTile(withZones(town), path),
	};
	const core = new FakeCore(town, options);
	// The screen tests change things behind the page's back, as a colleague does.
	(window as unknown as { fakeCore: FakeCore }).fakeCore = core;
	return core;
}

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { demoCore } from "../core/fake/demoCore";
import { Settings } from "./settings.svelte";

describe("settings", () => {
	beforeEach(() => {
		vi.useFakeTimers();
	});
	afterEach(() => {
		vi.useRealTimers();
	});

	it("take effect at once and are saved once for many changes", async () => {
		const core = demoCore();
		const settings = new Settings(core, core.settings);
		settings.change({ mode: "natt" });
		settings.change({ textSizePct: 130 });
		expect(settings.values.mode).toBe("natt");
		await vi.runAllTimersAsync();
		expect(core.calls.filter((call) => call.name === "save_settings").length).toBe(1);
		expect(core.settings).toMatchObject({ mode: "natt", textSizePct: 130 });
	});

	it("remember a width for each kind of panel", () => {
		const core = demoCore();
		const settings = new Settings(core, core.settings);
		expect(settings.panelWidth("wide")).toBeNull();
		settings.setPanelWidth("wide", 640.4);
		settings.setPanelWidth("narrow", 380);
		expect(settings.panelWidth("wide")).toBe(640);
		expect(settings.panelWidth("narrow")).toBe(380);
	});

	it("begin anew when the remembered widths cannot be read", () => {
		const core = demoCore();
		const settings = new Settings(core, { ...core.settings, panels: "{broken" });
		expect(settings.panelWidth("wide")).toBeNull();
		settings.setPanelWidth("wide", 600);
		expect(settings.panelWidth("wide")).toBe(600);
	});

	it("go round the three systems of coordinates", () => {
		const core = demoCore();
		const settings = new Settings(core, core.settings);
		const seen = [0, 1, 2, 3].map(() => {
			const crs = settings.shownCrs;
			settings.nextCrs();
			return crs;
		});
		expect(seen).toEqual(["grid", "tm", "wgs84", "grid"]);
	});
});

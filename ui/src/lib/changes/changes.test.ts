import { describe, expect, it } from "vitest";
import { Conflicts } from "../conflict/conflicts.svelte";
import type { Core } from "../core/core";
import { demoCore } from "../core/fake/demoCore";
import { Changes, groupOf, numberChanges } from "./changes.svelte";
import { detailText, reasonText } from "./changeText";

const ofCore = (core: Core) => new Changes(core, new Conflicts(core));

describe("changes", () => {
	it("are numbered through all groups, what needs a decision first", async () => {
		const changes = ofCore(demoCore());
		await changes.refresh();
		expect(changes.numbered.map((row) => row.number)).toEqual(changes.numbered.map((_, index) => index + 1));
		expect(changes.numbered.map((row) => row.group)).toEqual([
			"attention",
			...Array.from({ length: 3 }, () => "saved_here"),
			...Array.from({ length: 3 }, () => "received"),
			...Array.from({ length: 5 }, () => "secured"),
		]);
	});

	it("lose no row, whatever its state", () => {
		const core = demoCore();
		const rows = core.changes.rows.map((row, index) => ({
			...row,
			state: ["parked", "quarantined", "conflict", "something new", "received"][index % 5] ?? "",
		}));
		const none = { all: [], toDecide: [], elsewhere: [] };
		expect(numberChanges(rows, none).length).toBe(rows.length);
		expect(groupOf("something new")).toBe("attention");
		expect(groupOf("parked")).toBe("waiting");
		expect(groupOf("quarantined")).toBe("waiting");
	});

	it("show an edit in conflict once, as its object's conflict", async () => {
		const core = demoCore();
		const changes = ofCore(core);
		await changes.refresh();
		const [first] = changes.numbered;
		expect(first?.listed).toMatchObject({ kind: "conflict", conflict: { feature: "v118" } });
		const shown = changes.numbered.filter(
			({ listed }) => listed.kind === "change" && listed.change.feature === "v118",
		);
		expect(shown).toEqual([]);
	});

	it("ask nobody who is not asked: what others decide stands apart", async () => {
		const core = demoCore({ conflicts: ["fields", "others", "edited"] });
		await core.call("defer_conflict", { feature: "v118" });
		const changes = ofCore(core);
		await changes.refresh();
		const of = (group: string) =>
			changes.numbered.flatMap((row) =>
				row.group === group && row.listed.kind === "conflict" ? [row.listed.conflict.feature] : [],
			);
		expect(of("attention")).toEqual(["v121"]);
		expect(of("elsewhere")).toEqual(["v118", "hydrant-5"]);
	});

	it("fold secured work until all of it is wanted", async () => {
		const changes = ofCore(demoCore());
		await changes.refresh();
		expect(changes.rowsOf("secured").length).toBe(3);
		changes.showsAllSecured = true;
		expect(changes.rowsOf("secured").length).toBe(5);
	});

	it("count the photos that are only here", async () => {
		const changes = ofCore(demoCore());
		await changes.refresh();
		expect(changes.nPhotosHere).toBe(3);
	});

	it("tell where the emergency copy lies, or why there is none", async () => {
		const core = demoCore();
		const changes = ofCore(core);
		await changes.saveCopy();
		expect(changes.copy?.nEdits).toBe(4);
		core.refusals.set("save_outbox", { code: "disk_full" });
		await changes.saveCopy();
		expect(changes.copy).toBeNull();
		expect(changes.copyFailure).toEqual({ code: "disk_full" });
	});

	it("keep the list that was there when asking fails", async () => {
		const core = demoCore();
		const changes = ofCore(core);
		await changes.refresh();
		core.refusals.set("list_changes", { code: "store_damaged" });
		await changes.refresh();
		expect(changes.numbered.length).toBeGreaterThan(0);
		expect(changes.failure).toEqual({ code: "store_damaged" });
	});

	it("say what waits, for what and why", () => {
		const [first] = demoCore().changes.rows;
		if (!first) throw new Error("no rows");
		const reasons = [
			[
				{ state: "parked", reason: "missing_parent", waitsFor: "Brunn SNB-77" },
				"Skickas när Brunn SNB-77 är mottagen",
			],
			[{ state: "parked", reason: "missing_parent" }, "Skickas när det den hör till är mottaget"],
			[
				{ state: "quarantined", reason: "unpermitted" },
				"Du har inte rätt till området. Ändringen syns för samordnaren.",
			],
			[{ state: "quarantined", reason: "" }, "Samordnaren godkänner"],
			[{ state: "received", reason: "left_area" }, "Flyttad ut ur ditt område"],
			[{ state: "received", reason: "" }, ""],
		] as const;
		for (const [part, text] of reasons)
			expect(reasonText({ ...first, waitsFor: "", ...part }), text).toBe(text);
	});

	it("name photos once", () => {
		const [first] = demoCore().changes.rows;
		if (!first) throw new Error("no rows");
		expect(detailText({ ...first, kind: "edit", detail: "Ny status: trög", nPhotos: 2 })).toBe(
			"Ny status: trög · 2 foton",
		);
		expect(detailText({ ...first, kind: "draft", detail: "2 av 7 besvarade", nPhotos: 0 })).toBe(
			"Utkast · 2 av 7 besvarade",
		);
	});
});

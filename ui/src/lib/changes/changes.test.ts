import { describe, expect, it } from "vitest";
import { demoCore } from "../core/fake/demoCore";
import { Changes, groupOf, numberChanges } from "./changes.svelte";
import { detailText } from "./changeText";

describe("changes", () => {
	it("are numbered through all groups, what needs a decision first", async () => {
		const changes = new Changes(demoCore());
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
		expect(numberChanges(rows).length).toBe(rows.length);
		expect(groupOf("something new")).toBe("attention");
		expect(groupOf("parked")).toBe("saved_here");
	});

	it("fold secured work until all of it is wanted", async () => {
		const changes = new Changes(demoCore());
		await changes.refresh();
		expect(changes.rowsOf("secured").length).toBe(3);
		changes.showsAllSecured = true;
		expect(changes.rowsOf("secured").length).toBe(5);
	});

	it("count the photos that are only here", async () => {
		const changes = new Changes(demoCore());
		await changes.refresh();
		expect(changes.nPhotosHere).toBe(3);
	});

	it("tell where the emergency copy lies, or why there is none", async () => {
		const core = demoCore();
		const changes = new Changes(core);
		await changes.saveCopy();
		expect(changes.copy?.nEdits).toBe(4);
		core.refusals.set("save_outbox", { code: "disk_full" });
		await changes.saveCopy();
		expect(changes.copy).toBeNull();
		expect(changes.copyFailure).toEqual({ code: "disk_full" });
	});

	it("keep the list that was there when asking fails", async () => {
		const core = demoCore();
		const changes = new Changes(core);
		await changes.refresh();
		core.refusals.set("list_changes", { code: "store_damaged" });
		await changes.refresh();
		expect(changes.numbered.length).toBeGreaterThan(0);
		expect(changes.failure).toEqual({ code: "store_damaged" });
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

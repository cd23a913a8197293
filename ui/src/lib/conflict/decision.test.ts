import { describe, expect, it } from "vitest";
import type { ResolveConflictInput } from "../core/bindings";
import { demoCore } from "../core/fake/demoCore";
import type { DemoConflict } from "../core/fake/demoConflicts";
import type { FakeCore } from "../core/fake/fakeCore";
import { Conflicts } from "./conflicts.svelte";
import { Decision } from "./decision.svelte";

async function opened(kind: DemoConflict, feature: string): Promise<[Decision, FakeCore]> {
	const core = demoCore({ conflicts: [kind] });
	const decision = new Decision(core, feature);
	await decision.load();
	return [decision, core];
}

const rowsOf = (decision: Decision) => decision.card?.rows ?? [];
const saved = (core: FakeCore) =>
	core.calls.flatMap(({ name, input }) =>
		name === "resolve_conflict" ? [input as ResolveConflictInput] : [],
	);

describe("a decision", () => {
	it("begins with what the person on site made, and saves nothing before it is asked to", async () => {
		const [decision, core] = await opened("fields", "v118");
		expect(rowsOf(decision).map((row) => decision.taken(row))).toEqual(["mine", "mine", "mine"]);
		expect(saved(core)).toEqual([]);
	});

	it("chooses nothing for somebody else's disagreement", async () => {
		const [decision, core] = await opened("others", "hydrant-5");
		expect(rowsOf(decision).map((row) => decision.taken(row))).toEqual([null]);
		expect(await decision.save()).toBeNull();
		expect(saved(core)).toEqual([]);
		const [row] = rowsOf(decision);
		expect(row && decision.rowProblem(row)).toBe("Välj vad som ska gälla.");
	});

	it("sends one choice for each conflict, with the reason", async () => {
		const [decision, core] = await opened("fields", "v118");
		const [, works] = rowsOf(decision);
		if (!works) throw new Error("no row");
		decision.choose(works, "theirs");
		decision.note = "  Mätte in på plats ";
		expect(await decision.save()).not.toBeNull();
		expect(saved(core)).toEqual([
			{
				dataset: "valve",
				feature: "v118",
				note: "Mätte in på plats",
				decisions: [
					{ conflict: "conflict-geometry-geometry", take: "mine", values: [] },
					{ conflict: "conflict-funktion-funktion", take: "theirs", values: [] },
					{ conflict: "conflict-group:exercise-senast_motionerad", take: "mine", values: [] },
				],
			},
		]);
	});

	it("takes a third value of the field's own kind, and says what is wrong with another", async () => {
		const [decision, core] = await opened("fields", "v118");
		const exercise = rowsOf(decision)[2];
		if (!exercise) throw new Error("no row");
		decision.choose(exercise, "values");
		expect(decision.typed(exercise, "antal_varv")).toBe("18");
		decision.write(exercise, "antal_varv", "tolv");
		expect(await decision.save()).toBeNull();
		expect(decision.problem(exercise, "antal_varv")).toBe("Skriv ett heltal.");
		decision.write(exercise, "antal_varv", "12");
		expect(await decision.save()).not.toBeNull();
		expect(saved(core)[0]?.decisions[2]).toEqual({
			conflict: "conflict-group:exercise-senast_motionerad",
			take: "values",
			values: [
				{ field: "senast_motionerad", raw: "2026-05-19" },
				{ field: "antal_varv", raw: "12" },
			],
		});
	});

	it("keeps what is typed while another choice is looked at", async () => {
		const [decision] = await opened("number", "v131");
		const [row] = rowsOf(decision);
		if (!row) throw new Error("no row");
		expect(decision.taken(row)).toBeNull();
		decision.write(row, "nummer", "AV-231");
		decision.choose(row, "theirs");
		decision.choose(row, "values");
		expect(decision.typed(row, "nummer")).toBe("AV-231");
	});

	it("tells that the value moved before it can be decided, and shows the new one", async () => {
		const [decision, core] = await opened("fields", "v118");
		core.conflicts.move("v118", "funktion", "ej stängbar", "2026-05-19T11:04:00");
		core.refusals.set("resolve_conflict", { code: "conflict_moved" });
		expect(await decision.save()).toBeNull();
		expect(decision.movedAt).toBe("2026-05-19T11:04:00");
		expect(rowsOf(decision)[1]?.fields[0]?.store.raw).toBe("ej stängbar");
		expect(decision.failure).toBeNull();
	});

	it("tells it also when it happens while the card is looked at, and not when nothing happened", async () => {
		const [decision, core] = await opened("fields", "v118");
		const [, works] = rowsOf(decision);
		if (works) decision.choose(works, "theirs");
		await decision.refresh();
		expect(decision.movedAt).toBeNull();
		expect(works && decision.taken(works)).toBe("theirs");
		core.conflicts.move("v118", "funktion", "ej stängbar", "2026-05-19T11:04:00");
		await decision.refresh();
		expect(decision.movedAt).toBe("2026-05-19T11:04:00");
	});

	it("says when somebody has decided it already", async () => {
		const [decision, core] = await opened("fields", "v118");
		core.refusals.set("resolve_conflict", { code: "conflict_not_found" });
		expect(await decision.save()).toBeNull();
		expect(decision.shown.state).toBe("gone");
	});

	it("keeps everything when saving fails", async () => {
		const [decision, core] = await opened("fields", "v118");
		core.refusals.set("resolve_conflict", { code: "disk_full" });
		decision.note = "därför";
		expect(await decision.save()).toBeNull();
		expect(decision.failure).toEqual({ code: "disk_full" });
		expect(decision.note).toBe("därför");
		core.refusals.clear();
		expect(await decision.save()).not.toBeNull();
	});

	it("can be left to the coordinator: it then stands among what others decide", async () => {
		const [decision, core] = await opened("fields", "v118");
		expect(await decision.defer()).toBe(true);
		const conflicts = new Conflicts(core);
		await conflicts.refresh();
		expect(conflicts.toDecide).toEqual([]);
		expect(conflicts.elsewhere.map((one) => one.feature)).toEqual(["v118"]);
	});
});

describe("the list of conflicts", () => {
	it("is paged round in its own order", async () => {
		const conflicts = new Conflicts(demoCore({ conflicts: ["fields", "edited", "others", "deleted"] }));
		await conflicts.refresh();
		expect(conflicts.placeOf("v121")).toEqual({ index: 1, count: 3 });
		expect(conflicts.beside("v124", 1)?.feature).toBe("v118");
		expect(conflicts.beside("v118", -1)?.feature).toBe("v124");
		expect(conflicts.beside("hydrant-5", 1)).toBeNull();
	});
});

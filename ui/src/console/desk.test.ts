import { describe, expect, it } from "vitest";
import type { ConsoleDeliveryDto } from "./bindings";
import { Desk } from "./desk.svelte";
import { FakeStore } from "./fake/fakeStore";
import type { Answer } from "./httpStore";

async function open() {
	const store = new FakeStore();
	const desk = new Desk(store);
	await desk.look();
	const stateOf = (id: string) => desk.deliveries.all.find((it) => it.id === id)?.state;
	return { store, desk, stateOf };
}

describe("the coordinator's desk", () => {
	it("counts what waits for the coordinator", async () => {
		const { desk } = await open();
		expect(desk.access).toBe("signed_in");
		expect(desk.deliveries.nToSee).toBe(2);
		expect(desk.deliveries.isMoving).toBe(true);
	});

	it("publishes, and undoes that", async () => {
		const { store, desk, stateOf } = await open();
		expect(await desk.deliveries.publish("d412")).toBeNull();
		expect(stateOf("d412")).toBe("published");
		expect(desk.deliveries.nToSee).toBe(1);
		expect(await desk.deliveries.undo("d412")).toBeNull();
		expect(stateOf("d412")).toBe("undone");
		expect(store.asked).toEqual(["publish d412", "undo d412"]);
	});

	it("rejects, and reads as another system", async () => {
		const { store, desk, stateOf } = await open();
		await desk.deliveries.reject("d412");
		await desk.deliveries.readAs("d408", 3006);
		expect([stateOf("d412"), stateOf("d408")]).toEqual(["rejected", "checking"]);
		expect(store.asked).toEqual(["reject d412", "read d408 as 3006"]);
	});

	it("gives the code of an act that was refused, and shows things as they are", async () => {
		const { store, desk, stateOf } = await open();
		store.refusal = "delivery_moved";
		expect(await desk.deliveries.publish("d412")).toBe("delivery_moved");
		expect(stateOf("d412")).toBe("review");
		expect(desk.deliveries.isBusy).toBe(false);
	});

	it("shows a file at once when the store has it, and opens it when nothing else is open", async () => {
		const { desk } = await open();
		const take = async (name: string) => {
			desk.deliveries.uploads.add([{ file: new File(["x"], name), isFolder: false }]);
			await new Promise((resolve) => setTimeout(resolve));
		};
		await take("a.gpkg");
		expect(desk.deliveries.all[0]?.name).toBe("a.gpkg");
		expect(desk.deliveries.chosen).toBe("d413");
		await take("b.gpkg");
		expect(desk.deliveries.chosen).toBe("d413");
	});

	it("keeps what it could read when one list is not to be had, and says so", async () => {
		const { store, desk } = await open();
		store.datasets = () => Promise.resolve({ ok: false, code: "internal" });
		store.all = store.all.slice(1);
		await desk.look();
		expect(desk.failure).toBe("internal");
		expect(desk.deliveries.all).toHaveLength(7);
		expect(desk.datasets).toHaveLength(14);
	});

	it("does not let an old answer take the place of a newer one", async () => {
		const { store, desk } = await open();
		const late: ((answer: Answer<ConsoleDeliveryDto[]>) => void)[] = [];
		const before = [...store.all];
		const now = store.deliveries.bind(store);
		store.deliveries = () => new Promise((resolve) => late.push(resolve));
		const slow = desk.look();
		store.deliveries = now;
		await desk.deliveries.publish("d412");
		late[0]?.({ ok: true, value: before });
		await slow;
		expect(desk.deliveries.all.find((it) => it.id === "d412")?.state).toBe("published");
	});

	it("shows the door when the session has ended", async () => {
		const { store, desk } = await open();
		store.deliveries = () => Promise.resolve({ ok: false, code: "signed_out" });
		await desk.look();
		expect(desk.access).toBe("signed_out");
	});
});

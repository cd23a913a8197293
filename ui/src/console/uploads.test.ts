import { describe, expect, it } from "vitest";
import type { ConsoleDeliveryDto } from "./bindings";
import { FakeStore } from "./fake/fakeStore";
import { Uploads } from "./uploads.svelte";
import { sentText, uploadFailure } from "./uploadText";

const file = (name: string, nBytes = 1000) => {
	const made = new File(["x"], name);
	Object.defineProperty(made, "size", { value: nBytes });
	return { file: made, isFolder: false };
};
const settled = () => new Promise((resolve) => setTimeout(resolve));

function start() {
	const store = new FakeStore();
	const received: ConsoleDeliveryDto[] = [];
	const uploads = new Uploads(store, (it) => received.push(it));
	const shown = () =>
		uploads.all.map((it) => `${it.file.name} ${it.state}${"code" in it ? ` ${it.code}` : ""}`);
	return { store, uploads, received, shown };
}

describe("files on their way", () => {
	it("go one after the other and leave the list when the store has them", async () => {
		const { store, uploads, received, shown } = start();
		uploads.add([file("a.gpkg"), file("b.gpkg")]);
		uploads.add([file("c.gpkg")]);
		expect(shown()).toEqual(["a.gpkg sending", "b.gpkg waiting", "c.gpkg waiting"]);
		expect(uploads.isSending).toBe(true);
		await settled();
		expect(store.asked).toEqual(["upload a.gpkg", "upload b.gpkg", "upload c.gpkg"]);
		expect(received.map((it) => it.name)).toEqual(["a.gpkg", "b.gpkg", "c.gpkg"]);
		expect(shown()).toEqual([]);
		expect(uploads.isSending).toBe(false);
	});

	it("say how much is sent", () => {
		const { store, uploads } = start();
		store.uploadFate = "stands_still";
		uploads.add([file("a.gpkg", 38_000_000), file("b.gpkg", 12_000_000)]);
		const said = uploads.all.map((it) => sentText(it).replaceAll("\u00a0", " "));
		expect(said).toEqual(["15 MB av 38 MB", "Väntar på sin tur, 12 MB"]);
	});

	it("can be cancelled, and the next one goes", async () => {
		const { store, uploads, received, shown } = start();
		store.uploadFate = "stands_still";
		uploads.add([file("a.gpkg"), file("b.gpkg")]);
		store.uploadFate = "arrives";
		uploads.remove(uploads.all[0]?.id ?? 0);
		await settled();
		expect(received.map((it) => it.name)).toEqual(["b.gpkg"]);
		expect(shown()).toEqual([]);
	});

	it("that did not arrive say so and can be tried again", async () => {
		const { store, uploads, received, shown } = start();
		store.uploadFate = { code: "server_unreachable" };
		uploads.add([file("a.gpkg")]);
		await settled();
		expect(shown()).toEqual(["a.gpkg failed server_unreachable"]);
		const [failed] = uploads.all;
		if (failed?.state !== "failed") throw new Error("it failed");
		expect(uploadFailure(failed)).toEqual({
			fact: "Filen kom inte fram.",
			more: "Geodatalagret svarar inte. Filen ligger kvar på din dator.",
		});
		store.uploadFate = "arrives";
		uploads.retry(failed.id);
		await settled();
		expect(received).toHaveLength(1);
	});

	it("that the store does not read cannot be tried again", async () => {
		const { store, uploads, shown } = start();
		store.uploadFate = { code: "unknown_file_kind" };
		uploads.add([file("a.docx")]);
		await settled();
		expect(shown()).toEqual(["a.docx refused unknown_file_kind"]);
	});

	it("are not sent when they are empty, a folder or over 5 GB", async () => {
		const { store, uploads, shown } = start();
		const folder = { ...file("mapp"), isFolder: true };
		uploads.add([file("tom.gpkg", 0), folder, file("stor.gpkg", 5_000_000_001)]);
		await settled();
		expect(shown()).toEqual([
			"tom.gpkg refused empty_file",
			"mapp refused folder",
			"stor.gpkg refused too_large",
		]);
		expect(store.asked).toEqual([]);
		const large = uploads.all[2];
		if (large?.state !== "refused") throw new Error("it is refused");
		expect(uploadFailure(large).more.replaceAll("\u00a0", " ")).toBe(
			"Den är 5 GB, högst 5 GB tas emot. Dela den i mindre delar.",
		);
	});

	it("that are the parts of one Shapefile are refused once, with what to do", async () => {
		const { store, uploads, shown } = start();
		uploads.add(["shp", "dbf", "shx", "prj"].map((it) => file(`strand.${it}`)));
		await settled();
		expect(shown()).toEqual(["strand.shp refused shapefile_loose"]);
		expect(store.asked).toEqual([]);
	});
});

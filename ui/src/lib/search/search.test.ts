import { describe, expect, it } from "vitest";
import { demoCore, SlowCore } from "../core/fake/demoCore";
import { hitDetail, hitTitle } from "./hitText";
import { matchedParts, Search } from "./search.svelte";

const middle = () => ({ lonDeg: 15.04, latDeg: 59.52 });

describe("the search box", () => {
	it("shows at most ten ranked hits for what is typed", async () => {
		const search = new Search(demoCore(), middle);
		await search.write("strandv");
		expect(search.shown.state).toBe("hits");
		expect(search.hits.length).toBe(10);
		expect(search.hits.every((hit) => hit.label.startsWith("Strandvägen"))).toBe(true);
	});

	it("never lets a late answer replace a newer one", async () => {
		const core = new SlowCore(demoCore(), "find_places");
		const search = new Search(core, middle);
		const first = search.write("s");
		const second = search.write("strandv 9");
		await core.release(1);
		await second;
		expect(search.hits.map((hit) => hit.label)).toEqual(["Strandvägen 9"]);
		await core.release(0);
		await first;
		expect(search.hits.map((hit) => hit.label)).toEqual(["Strandvägen 9"]);
	});

	it("forgets an answer that comes after the list was closed", async () => {
		const core = new SlowCore(demoCore(), "find_places");
		const search = new Search(core, middle);
		const asked = search.write("strandv");
		search.close();
		await core.release(0);
		await asked;
		expect(search.isOpen).toBe(false);
	});

	it("walks the rows with the arrows and leaves them at both ends", async () => {
		const search = new Search(demoCore(), middle);
		await search.write("strandv");
		expect(search.previewed).toBeNull();
		search.step(1);
		expect(search.previewed?.label).toBe(search.hits[0]?.label);
		search.step(-1);
		expect(search.previewed).toBeNull();
		search.step(-1);
		expect(search.chosen).toBe(9);
	});

	it("keeps the first hit when nothing is previewed, and remembers it", async () => {
		const core = demoCore();
		const search = new Search(core, middle);
		await search.write("strandv 9");
		const kept = await search.keep();
		expect(kept?.label).toBe("Strandvägen 9");
		expect(search.isOpen).toBe(false);
		search.clear();
		await search.write("");
		expect(search.shown.state).toBe("recent");
		expect(search.hits.map((hit) => hit.label)).toEqual(["Strandvägen 9"]);
	});

	it("waits for the answer to what is typed before it keeps a hit", async () => {
		const core = new SlowCore(demoCore(), "find_places");
		const search = new Search(core, middle);
		const first = search.write("strandv");
		await core.release(0);
		await first;
		const second = search.write("strandv 9");
		const kept = search.keep();
		// The box loses the focus to the map before the answer is here.
		search.close();
		await core.release(1);
		await second;
		expect((await kept)?.label).toBe("Strandvägen 9");
	});

	it("offers another spelling when nothing hits", async () => {
		const search = new Search(demoCore(), middle);
		await search.write("strandvgen 99");
		expect(search.shown).toEqual({ state: "none", text: "strandvgen 99", suggestion: "Strandvägen 9" });
	});

	it("says when the search could not be made", async () => {
		const core = demoCore();
		core.refusals.set("find_places", { code: "internal" });
		const search = new Search(core, middle);
		await search.write("strandv");
		expect(search.shown).toEqual({ state: "failed", error: { code: "internal" } });
	});

	it("tells coordinates of another system by their second line", async () => {
		const search = new Search(demoCore(), middle);
		await search.write("6600379 152143");
		const [own, other] = search.hits;
		expect(own && hitTitle(own)).toBe("Punkt N 6600379 E 152143");
		expect(own && hitDetail(own)).toBe("SWEREF 99 15 00");
		expect(other && hitDetail(other)).toBe("Tolkat som SWEREF 99 TM · utanför ditt arbetsområde");
	});

	it("names the municipality of every hit", async () => {
		const search = new Search(demoCore(), middle);
		await search.write("exempelhyttan 1:5");
		expect(search.hits.every((hit) => hitDetail(hit).endsWith("Nora"))).toBe(true);
	});
});

describe("matched letters", () => {
	it("are cut out of the label in order", () => {
		expect(matchedParts("Strandvägen 9 B", [0, 7, 12, 1])).toEqual([
			{ text: "Strandv", isMatch: true },
			{ text: "ägen ", isMatch: false },
			{ text: "9", isMatch: true },
			{ text: " B", isMatch: false },
		]);
	});

	it("lose nothing of the label when the pairs overlap or point outside", () => {
		for (const matched of [[0, 3, 2, 4], [90, 2], [4, 90], [3]])
			expect(
				matchedParts("Storgatan", matched)
					.map((part) => part.text)
					.join(""),
			).toBe("Storgatan");
	});
});

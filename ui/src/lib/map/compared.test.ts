import { expect, it } from "vitest";
import { comparedFeatures, type Compared } from "./compared";

const at = (side: Compared["side"], lonDeg: number, accuracyM: number | null = null): Compared => ({
	side,
	letter: side.slice(0, 1),
	label: side,
	geometryJson: JSON.stringify({ type: "Point", coordinates: [lonDeg, 59.5] }),
	lonDeg,
	latDeg: 59.5,
	accuracyM,
});
const parts = (compared: readonly Compared[]) =>
	comparedFeatures(compared).features.map((feature) => feature.properties?.["part"] as string);

it("each point has its letter, and each move a dotted way from what it was", () => {
	const all = [at("base", 15), at("store", 15.001), at("candidate", 15.002)];
	expect(parts(all)).toEqual(["mark", "move", "mark", "move", "mark"]);
	const [, move] = comparedFeatures(all).features;
	expect(move?.geometry).toEqual({
		type: "LineString",
		coordinates: [
			[15, 59.5],
			[15.001, 59.5],
		],
	});
});

it("two objects with one number have no way between them", () => {
	expect(parts([at("candidate", 15), at("other", 15.001)])).toEqual(["mark", "mark"]);
});

it("an accuracy is drawn at its true size", () => {
	const [ring] = comparedFeatures([at("base", 15, 2)]).features;
	// At zoom 22 and 59.5° N a pixel is 9.46 mm: 40 075 km · cos 59.5° / (512 · 2²²).
	expect(ring?.properties?.["radiusPx"]).toBeCloseTo(2 / 0.00947, -1);
});

it("lines are drawn as outlines", () => {
	const geometryJson = JSON.stringify({
		type: "LineString",
		coordinates: [
			[15, 59.5],
			[15.1, 59.5],
		],
	});
	expect(parts([{ ...at("store", 15.05), geometryJson }])).toEqual(["shape", "mark"]);
});

import { expect, it } from "vitest";
import { markFeatures } from "./marks";

const mark = (number: number, lonDeg: number) => ({ number, state: "hit", lonDeg, latDeg: 59.5 }) as const;

it("numbers at one and the same place stand beside each other", () => {
	const { features } = markFeatures([mark(1, 15), mark(2, 15.001), mark(3, 15.00000001), mark(4, 15)]);
	expect(features.map((feature) => feature.properties)).toEqual([
		{ number: 1, state: "hit", slot: 0 },
		{ number: 2, state: "hit", slot: 0 },
		{ number: 3, state: "hit", slot: 1 },
		{ number: 4, state: "hit", slot: 2 },
	]);
});

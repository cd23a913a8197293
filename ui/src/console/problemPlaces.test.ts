import { describe, expect, it } from "vitest";
import { layOut } from "./problemPlaces";

const at = (eastingM: number, northingM: number) => ({ eastingM, northingM });

describe("places on a strip", () => {
	it("lie with north up and east to the right, on one scale both ways", () => {
		const layout = layOut([at(0, 0), at(1000, 0), at(0, 100)], 420, 172);
		const [origin, east, north] = layout?.points ?? [];
		if (!layout || !origin || !east || !north) throw new Error("three places are laid out");
		expect(east.xPx - origin.xPx).toBeCloseTo(1000 * layout.pxPerM);
		expect(east.yPx).toBeCloseTo(origin.yPx);
		expect(origin.yPx - north.yPx).toBeCloseTo(100 * layout.pxPerM);
	});

	it("keep clear of the edges", () => {
		const far = layOut([at(120_000, 6_580_000), at(180_000, 6_640_000), at(150_000, 6_600_000)], 420, 172);
		for (const { xPx, yPx } of far?.points ?? []) {
			expect(xPx).toBeGreaterThanOrEqual(29.9);
			expect(xPx).toBeLessThanOrEqual(390.1);
			expect(yPx).toBeGreaterThanOrEqual(29.9);
			expect(yPx).toBeLessThanOrEqual(142.1);
		}
		expect(far?.points).toHaveLength(3);
	});

	it("that are one place stand in the middle, not magnified without end", () => {
		const layout = layOut([at(152_143, 6_600_379)], 420, 172);
		expect(layout?.points).toEqual([{ xPx: 210, yPx: 86 }]);
		expect(layout?.pxPerM).toBeCloseTo(112 / 200);
		expect(layOut([at(152_143, 6_600_379)], 172, 420)?.pxPerM).toBeCloseTo(112 / 200);
	});

	it("have a bar of a round length that fits in a quarter", () => {
		for (const extentM of [1, 300, 4_321, 77_000]) {
			const layout = layOut([at(0, 0), at(extentM, extentM)], 420, 172);
			if (!layout) throw new Error("there is room");
			expect(String(layout.barM)).toMatch(/^[125]0*$/);
			expect(layout.barM * layout.pxPerM).toBeLessThanOrEqual(105);
			expect(layout.barM * layout.pxPerM).toBeGreaterThan(105 / 2.6);
			expect(layout.gridX.length).toBeGreaterThanOrEqual(3);
		}
	});

	it("need at least one place, and room", () => {
		expect(layOut([], 420, 172)).toBeNull();
		expect(layOut([at(0, 0)], 0, 172)).toBeNull();
	});
});

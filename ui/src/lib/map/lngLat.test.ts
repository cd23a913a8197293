import { describe, expect, it } from "vitest";
import { pointOfGrid } from "../core/fake/projection";
import { isSameSpot, metresPerPixel, scaleDenominator, toLngLat, zoomOfScale } from "./lngLat";
import { scaleBarAt } from "./scaleBar";

describe("the map's measures", () => {
	it("put longitude first", () => {
		expect(toLngLat({ lonDeg: 15, latDeg: 59.6 })).toEqual([15, 59.6]);
	});

	it("give the scales of the cartography table at latitude 59.6", () => {
		const scale = (zoom: number) => scaleDenominator({ zoom, latDeg: 59.6, lonDeg: 15 });
		expect(scale(10)).toBeCloseTo(146_000, -3);
		expect(Math.round(scale(16) / 100) * 100).toBe(2300);
		expect(zoomOfScale(scale(14.5), 59.6)).toBeCloseTo(14.5, 6);
	});

	it("make a scale bar of a round length that fits", () => {
		for (let zoom = 5; zoom <= 20; zoom += 0.3) {
			const bar = scaleBarAt(zoom, 59.6);
			expect(String(bar.metres).replace(/0+$/, "").replace(/^0\./, "")).toMatch(/^[125]$/);
			expect(bar.widthPx).toBeLessThanOrEqual(100);
			expect(bar.widthPx).toBeGreaterThan(35);
			expect(bar.metres / bar.widthPx).toBeCloseTo(metresPerPixel(zoom, 59.6), 6);
		}
	});

	it("know a second press at the same spot", () => {
		const at = pointOfGrid(152_143, 6_600_379);
		expect(isSameSpot(at, pointOfGrid(152_146, 6_600_379), 5)).toBe(true);
		expect(isSameSpot(at, pointOfGrid(152_149, 6_600_379), 5)).toBe(false);
		expect(isSameSpot(at, null, 5)).toBe(false);
	});
});

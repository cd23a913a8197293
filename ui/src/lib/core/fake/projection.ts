import type { PointDto } from "../bindings";

/** Constants of GRS 80, as Lantmäteriet's formulas for Gauss conformal projection name them. */
const A = 6378137;
const F = 1 / 298.257222101;
const E2 = F * (2 - F);
const N = F / (2 - F);
const A_HAT = (A / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64);

/** Both SWEREF 99 TM and 15 00 have their middle at 15° E. */
const MIDDLE_DEG = 15;

/** Northing and distance from the middle, before scale and offsets. */
function project(lonDeg: number, latDeg: number): { north: number; east: number } {
	const lat = (latDeg * Math.PI) / 180;
	const dLon = ((lonDeg - MIDDLE_DEG) * Math.PI) / 180;
	const s = Math.sin(lat);
	const a = E2;
	const b = (5 * E2 ** 2 - E2 ** 3) / 6;
	const c = (104 * E2 ** 3 - 45 * E2 ** 4) / 120;
	const conformal = lat - s * Math.cos(lat) * (a + b * s ** 2 + c * s ** 4);
	const xi = Math.atan2(Math.tan(conformal), Math.cos(dLon));
	const eta = Math.atanh(Math.cos(conformal) * Math.sin(dLon));
	const b1 = N / 2 - (2 * N ** 2) / 3 + (5 * N ** 3) / 16;
	const b2 = (13 * N ** 2) / 48 - (3 * N ** 3) / 5;
	return {
		north:
			A_HAT * (xi + b1 * Math.sin(2 * xi) * Math.cosh(2 * eta) + b2 * Math.sin(4 * xi) * Math.cosh(4 * eta)),
		east:
			A_HAT * (eta + b1 * Math.cos(2 * xi) * Math.sinh(2 * eta) + b2 * Math.cos(4 * xi) * Math.sinh(4 * eta)),
	};
}

/** A point in all the systems that the interface shows. */
export function pointAt(lonDeg: number, latDeg: number): PointDto {
	const { north, east } = project(lonDeg, latDeg);
	return {
		lonDeg,
		latDeg,
		gridEM: east + 150_000,
		gridNM: north,
		tmEM: east * 0.9996 + 500_000,
		tmNM: north * 0.9996,
	};
}

/** The point that has these coordinates on the grid, found by a few steps of correction. */
export function pointOfGrid(eastM: number, northM: number): PointDto {
	let lonDeg = MIDDLE_DEG;
	let latDeg = northM / 111_320;
	for (let step = 0; step < 12; step++) {
		const at = pointAt(lonDeg, latDeg);
		latDeg += (northM - at.gridNM) / 111_400;
		lonDeg += (eastM - at.gridEM) / (111_320 * Math.cos((latDeg * Math.PI) / 180));
	}
	return pointAt(lonDeg, latDeg);
}

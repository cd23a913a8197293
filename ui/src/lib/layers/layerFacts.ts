import type { DatasetDto } from "../core/bindings";
import { scaleDenominator } from "../map/lngLat";

const DAY_MS = 86_400_000;

/** Whole days until the key of protected data ends; below zero when it has. Null for data without a key. */
export function leaseDays(dataset: DatasetDto, now: Date): number | null {
	if (dataset.leaseUntil === null) return null;
	return Math.floor((Date.parse(dataset.leaseUntil) - now.getTime()) / DAY_MS);
}

/** The scale at which a zoom is seen at a latitude. */
export function scaleOfZoom(zoom: number, latDeg: number): number {
	return scaleDenominator({ zoom, latDeg, lonDeg: 0 });
}

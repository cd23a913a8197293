import type { BoundsDto, PointDto, ViewDto } from "../core/bindings";

/** A pair for MapLibre: longitude first. The one place where the order is written. */
export function toLngLat(place: {
	readonly lonDeg: number;
	readonly latDeg: number;
}): [lng: number, lat: number] {
	return [place.lonDeg, place.latDeg];
}

/** South-west and north-east corners for MapLibre. */
export function toLngLatBounds(bounds: BoundsDto): [[number, number], [number, number]] {
	return [
		[bounds.westDeg, bounds.southDeg],
		[bounds.eastDeg, bounds.northDeg],
	];
}

/** Metres on the ground for one pixel, with MapLibre's tiles of 512 px. */
export function metresPerPixel(zoom: number, latDeg: number): number {
	return (40_075_016.686 * Math.cos((latDeg * Math.PI) / 180)) / (512 * 2 ** zoom);
}

/** The denominator of the scale on a screen of 96 dots per inch. */
export function scaleDenominator(view: ViewDto): number {
	return (metresPerPixel(view.zoom, view.latDeg) / 0.0254) * 96;
}

/** The zoom at which the scale is 1:`denominator` at a latitude. */
export function zoomOfScale(denominator: number, latDeg: number): number {
	return Math.log2(metresPerPixel(0, latDeg) / ((denominator * 0.0254) / 96));
}

/** Whether two points are the same place for a person who clicks twice. */
export function isSameSpot(a: PointDto | null, b: PointDto | null, reachM: number): boolean {
	if (!a || !b) return false;
	return Math.hypot(a.gridEM - b.gridEM, a.gridNM - b.gridNM) <= reachM;
}

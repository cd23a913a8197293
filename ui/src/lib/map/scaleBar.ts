import { metresPerPixel } from "./lngLat";

/** A scale bar: a round number of metres and how many pixels that is. */
export interface ScaleBar {
	readonly metres: number;
	readonly widthPx: number;
}

/** The longest round length that fits in `maxPx`. */
export function scaleBarAt(zoom: number, latDeg: number, maxPx = 100): ScaleBar {
	const perPixel = metresPerPixel(zoom, latDeg);
	const power = 10 ** Math.floor(Math.log10(perPixel * maxPx));
	const metres =
		[5, 2, 1].map((factor) => factor * power).find((length) => length / perPixel <= maxPx) ?? power;
	return { metres, widthPx: metres / perPixel };
}

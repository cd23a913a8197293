import { numberText, withUnit } from "../words/format";

/** What can be measured. */
export const tools = ["length", "area", "boundary", "height", "buffer"] as const;
export type Tool = (typeof tools)[number];

/** How many decimals of a length its accuracy carries. */
export function lengthDecimals(accuracyM: number): number {
	if (accuracyM < 0.25) return 2;
	return accuracyM < 1 ? 1 : 0;
}

/** A length with no more decimals than its accuracy carries; from 10 m of doubt in tens. */
export function measuredLength(metres: number, accuracyM: number): string {
	if (accuracyM >= 10) return withUnit(Math.round(metres / 10) * 10, "m");
	return withUnit(metres, "m", lengthDecimals(accuracyM));
}

/** An area in square metres: whole ones, tens when the places are surer than no metre, hundreds from 10 m of doubt. */
export function measuredArea(squareMetres: number, accuracyM: number): string {
	const step = accuracyM < 1 ? 1 : accuracyM < 10 ? 10 : 100;
	return withUnit(Math.round(squareMetres / step) * step, "m²");
}

/** The same area in hectares. */
export function measuredHectares(squareMetres: number, accuracyM: number): string {
	return withUnit(squareMetres / 10_000, "ha", accuracyM < 1 ? 3 : 2);
}

/** A measure as its tool says it. */
export function measuredText(kind: string, value: number, accuracyM: number): string {
	return kind === "area" ? measuredArea(value, accuracyM) : measuredLength(value, accuracyM);
}

/** `± 0,1 m`; never less than it is. */
export function accuracyText(accuracyM: number): string {
	if (accuracyM >= 10) return `±\u00a0${withUnit(Math.ceil(accuracyM), "m")}`;
	const decimals = Number.isInteger(accuracyM) ? 0 : 1;
	// A hair above a tenth is the tenth: places come in degrees and back.
	return `±\u00a0${numberText(Math.ceil(accuracyM * 10 - 1e-6) / 10, decimals)}\u00a0m`;
}

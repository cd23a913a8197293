import type { PointDto, TitleDto } from "../core/bindings";
import { m } from "./generated/messages.js";
import { getLocale } from "./generated/runtime.js";

/** A space that never breaks a line: within numbers and before units. */
export const NO_BREAK = "\u00a0";

/** Keeps what stands on both sides of it on one line, and is not seen. */
const WORD_JOINER = "\u2060";

/** A text of the data in the reader's language; Swedish where English is missing. */
export function titleText(title: TitleDto): string {
	return getLocale() === "en" && title.en !== "" ? title.en : title.sv;
}

/** `Nora kommun`, `Lindesbergs kommun`; empty for no municipality. Names in a vowel or an s-sound take no s. */
export function municipalityText(name: string): string {
	if (name === "") return "";
	const isPlain = getLocale() === "en" || /[aeiouyåäösxz]$/i.test(name);
	return m.card_municipality({ name: isPlain ? name : `${name}s` });
}

/** A number with thin grouping and the language's decimal sign. */
export function numberText(value: number, decimals = 0): string {
	const text = value.toFixed(decimals);
	const [whole = "", part] = text.replace("-", "").split(".");
	const grouped = whole.replace(/\B(?=(\d{3})+$)/g, NO_BREAK);
	const sign = value < 0 && Number(text) !== 0 ? "−" : "";
	const comma = getLocale() === "sv" ? "," : ".";
	return sign + grouped + (part === undefined ? "" : comma + part);
}

/** A number and its unit, which never part. */
export function withUnit(value: number, unit: string, decimals = 0): string {
	return numberText(value, decimals) + NO_BREAK + unit;
}

/** A distance as a person says it: metres, then kilometres. */
export function distanceText(metres: number): string {
	if (metres < 1000) return withUnit(metres < 10 ? Math.round(metres) : Math.round(metres / 5) * 5, "m");
	return withUnit(metres / 1000, "km", metres < 10_000 ? 1 : 0);
}

/** An area in square metres, with hectares beside from one hectare up. */
export function areaText(squareMetres: number): string {
	const area = withUnit(squareMetres, "m²");
	return squareMetres < 10_000 ? area : `${area} · ${withUnit(squareMetres / 10_000, "ha", 1)}`;
}

/** A length in metres or kilometres. */
export function lengthText(metres: number): string {
	return metres < 1000 ? withUnit(metres, "m", 1) : withUnit(metres / 1000, "km", 2);
}

/** Bytes as MB, or GB from one thousand of them. */
export function sizeText(bytes: number): string {
	const megabytes = bytes / 1_000_000;
	if (megabytes >= 1000) return withUnit(megabytes / 1000, "GB", 1);
	return withUnit(megabytes, "MB", megabytes < 10 ? 1 : 0);
}

/** A scale: `1:2 200`, rounded as a person reads it. */
export function scaleText(denominator: number): string {
	const step = 10 ** Math.max(0, Math.floor(Math.log10(denominator)) - 1);
	const rounded = Math.round(denominator / (step / 2)) * (step / 2);
	return `1:${numberText(rounded)}`;
}

/** The time of day of an instant: `10:41`. */
export function timeText(at: string): string {
	const date = new Date(at);
	return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** A date of an instant: `2026-05-19`. */
export function dateText(at: string): string {
	const date = new Date(at);
	return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** An instant as near as it is: `i dag 10:41`, `i går 16:02`, `2026-05-19`. Today is told by the caller's clock. */
export function nearText(at: string, now: Date): string {
	const day = dateText(at);
	if (day === dateText(now.toISOString())) return m.today_at({ time: timeText(at) });
	const yesterday = new Date(now);
	yesterday.setDate(yesterday.getDate() - 1);
	if (day === dateText(yesterday.toISOString())) return m.yesterday_at({ time: timeText(at) });
	return day;
}

/** A day and a time as they are said: `18 maj 14:20`. They never part. */
export function momentText(at: string, now: Date): string {
	const date = new Date(at);
	const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: "numeric" } as const);
	const locale = getLocale() === "en" ? "en-GB" : "sv-SE";
	const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", ...year }).format(date);
	return `${day} ${timeText(at)}`.replaceAll(" ", NO_BREAK);
}

/** The time when it is today, else the date. */
export function clockText(at: string, now: Date): string {
	return dateText(at) === dateText(now.toISOString()) ? timeText(at) : dateText(at);
}

/** Which system positions are shown in. */
export type ShownCrs = "grid" | "tm" | "wgs84";

/** The name of a system. */
export function crsName(crs: ShownCrs, gridName: string): string {
	if (crs === "grid") return gridName;
	return crs === "tm" ? m.crs_tm() : m.crs_wgs84();
}

/** A position in the chosen system, north before east. */
export function positionText(point: PointDto, crs: ShownCrs): string {
	const two = NO_BREAK + NO_BREAK;
	if (crs === "wgs84")
		return `${degreeText(point.latDeg)}${NO_BREAK}N${two}${degreeText(point.lonDeg)}${NO_BREAK}E`;
	const [north, east] = crs === "grid" ? [point.gridNM, point.gridEM] : [point.tmNM, point.tmEM];
	return `N${NO_BREAK}${numberText(north)}${two}E${NO_BREAK}${numberText(east)}`;
}

/** A position to paste elsewhere: plain figures, north before east. */
export function positionToCopy(point: PointDto, crs: ShownCrs): string {
	if (crs === "wgs84") return `${point.latDeg.toFixed(6)}, ${point.lonDeg.toFixed(6)}`;
	const [north, east] = crs === "grid" ? [point.gridNM, point.gridEM] : [point.tmNM, point.tmEM];
	return `${north.toFixed(0)} ${east.toFixed(0)}`;
}

/** A text whose dates never break at their hyphens; for reading, not for copying. */
export function wholeDates(text: string): string {
	return text.replace(/\b(\d{4})-(\d\d)-(\d\d)\b/g, `$1-${WORD_JOINER}$2-${WORD_JOINER}$3`);
}

function degreeText(degrees: number): string {
	return numberText(degrees, 5);
}

function two(value: number): string {
	return String(value).padStart(2, "0");
}

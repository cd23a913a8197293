/** What a person may have meant to type in a field of one kind. */
export type ValueKind = "text" | "integer" | "decimal" | "date" | "time" | "datetime" | "geopoint";

/** The text for the instance, or that the text on screen is no such value. */
export type Parsed = { readonly ok: true; readonly value: string } | { readonly ok: false };

const no: Parsed = { ok: false };
const yes = (value: string): Parsed => ({ ok: true, value });

/**
 * Parses what was typed before the engine sees it.
 *
 * The engine turns what it cannot parse (`12,5`, `12x`, `08:15`) into an empty answer without a word; here it is either
 * understood or refused. `today` is `2026-05-19` and lets "29/5" mean this year.
 */
export function parseInput(kind: ValueKind, typed: string, today: string): Parsed {
	if (kind === "text") return yes(cleanText(typed));
	const text = typed.trim();
	if (text === "") return yes("");
	switch (kind) {
		case "integer":
			return parseInteger(text);
		case "decimal":
			return parseDecimal(text);
		case "date":
			return parseDate(text, today);
		case "time":
			return parseTime(text);
		case "datetime":
			return parseDateTime(text, today);
		case "geopoint":
			return parseGeopoint(text);
	}
}

/** How a stored value reads in a field: decimal comma, time without seconds. */
export function displayValue(kind: ValueKind, value: string): string {
	switch (kind) {
		case "decimal":
			return value.replace(".", ",");
		case "time":
			return value.slice(0, 5);
		case "datetime":
			return value.slice(0, 16).replace("T", " ");
		case "text":
		case "integer":
		case "date":
		case "geopoint":
			return value;
	}
}

/** Takes out what XML cannot hold, so that a pasted control character cannot make the whole draft unreadable. */
export function cleanText(typed: string): string {
	return (
		typed
			.replace(/\r\n?/gu, "\n")
			// eslint-disable-next-line no-control-regex -- these are the very characters that XML 1.0 refuses
			.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, "")
	);
}

/** Thin and no-break spaces between groups of digits, and the real minus sign. */
function bareNumber(text: string): string {
	return text.replace(/[\s\u00a0\u2009\u202f]/gu, "").replace(/^\u2212/u, "-");
}

function parseInteger(text: string): Parsed {
	const bare = bareNumber(text);
	if (!/^[+-]?\d{1,15}$/u.test(bare)) return no;
	return yes(BigInt(bare.replace("+", "")).toString());
}

function parseDecimal(text: string): Parsed {
	const bare = bareNumber(text).replace("+", "").replace(",", ".");
	if (!/^-?(\d{1,15}(\.\d*)?|\.\d+)$/u.test(bare)) return no;
	return yes(bare.replace(/\.$/u, "").replace(/^(-?)\./u, "$10."));
}

const pad = (number: number, width = 2): string => String(number).padStart(width, "0");

/** The date as ISO text when it is in the calendar. */
function calendarDate(year: number, month: number, day: number): Parsed {
	const date = new Date(Date.UTC(year, month - 1, day));
	if (year < 1000 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return no;
	return yes(`${pad(year, 4)}-${pad(month)}-${pad(day)}`);
}

function parseDate(text: string, today: string): Parsed {
	const iso = /^(\d{4})-?(\d{2})-?(\d{2})$/u.exec(text);
	if (iso) return calendarDate(Number(iso[1]), Number(iso[2]), Number(iso[3]));
	const short = /^(\d{2})(\d{2})(\d{2})$/u.exec(text);
	if (short) return calendarDate(2000 + Number(short[1]), Number(short[2]), Number(short[3]));
	const swedish = /^(\d{1,2})[/.](\d{1,2})(?:[/. -](\d{4}))?$/u.exec(text);
	if (swedish) {
		const year = swedish[3] ?? today.slice(0, 4);
		return calendarDate(Number(year), Number(swedish[2]), Number(swedish[1]));
	}
	return no;
}

function parseTime(text: string): Parsed {
	const match =
		/^(\d{1,2})(?:[:.](\d{2})(?:[:.](\d{2})(?:\.\d+)?)?)?(?:Z|[+-]\d{2}:\d{2})?$/u.exec(text) ??
		/^(\d{1,2})(\d{2})$/u.exec(text);
	if (!match) return no;
	const [hour, minute, second] = [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)];
	if (hour > 23 || minute > 59 || second > 59) return no;
	// The engine drops a time without seconds.
	return yes(`${pad(hour)}:${pad(minute)}:${pad(second)}`);
}

function parseDateTime(text: string, today: string): Parsed {
	const [datePart, timePart, rest] = text.split(/[T ]/u);
	if (datePart === undefined || timePart === undefined || rest !== undefined) return no;
	const date = parseDate(datePart, today);
	const time = parseTime(timePart);
	return date.ok && time.ok ? yes(`${date.value}T${time.value}`) : no;
}

/** `latitude longitude [altitude [accuracy]]` in degrees and metres, as the XForm holds it. */
function parseGeopoint(text: string): Parsed {
	const parts = text.split(/\s+/u).map(Number);
	const [latitude, longitude, altitude = 0, accuracy = 0] = parts;
	if (parts.length > 4 || parts.some((part) => !Number.isFinite(part))) return no;
	if (latitude === undefined || longitude === undefined) return no;
	if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180 || accuracy < 0) return no;
	return yes([latitude, longitude, altitude, accuracy].join(" "));
}

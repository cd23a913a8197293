import type { CardDto, FactDto } from "../core/bindings";
import { dateText, NO_BREAK, numberText, timeText, titleText } from "../words/format";
import { m } from "../words/generated/messages.js";

/** A fact's value in words, with its unit. */
export function factText(fact: FactDto): string {
	const isNumber = fact.raw.trim() !== "" && Number.isFinite(Number(fact.raw));
	switch (fact.valueType) {
		case "bool":
			return fact.raw === "true" ? m.yes() : fact.raw === "false" ? m.no() : m.unknown();
		case "real":
			return isNumber
				? unitText(numberText(Number(fact.raw), decimalsOf(fact.raw)), fact.unit)
				: unitText(titleText(fact.value), fact.unit);
		case "int":
			// A year or a number of a thing is not grouped.
			return unitText(
				isNumber && fact.unit !== "" ? numberText(Number(fact.raw)) : titleText(fact.value),
				fact.unit,
			);
		case "date_time":
		case "datetime":
			return Number.isNaN(Date.parse(fact.raw)) ? titleText(fact.value) : dayOrMoment(fact.raw);
		default:
			return unitText(titleText(fact.value), fact.unit);
	}
}

/** Whether a fact tells nothing: a warning flag that is not raised. */
export function isQuiet(fact: FactDto): boolean {
	return warningFlags.includes(fact.field) && fact.raw === "false";
}

const warningFlags: readonly string[] = ["osakertlage", "extended"];

/** The ground of a value that is a state; null for a plain value. */
export function toneOf(fact: FactDto): "ok" | "warn" | "bad" | null {
	const tones: Readonly<Record<string, Readonly<Record<string, "ok" | "warn" | "bad">>>> = {
		status: { "i drift": "ok", "ur drift": "warn", slopad: "warn" },
		funktion: { fungerar: "ok", trög: "warn", "ej stängbar": "bad" },
		lock_ok: { true: "ok", false: "warn" },
	};
	return tones[fact.field]?.[fact.raw] ?? null;
}

/** A state of an own edit. */
export function stateText(state: string): string {
	switch (state) {
		case "received":
			return m.state_received();
		case "secured":
			return m.state_secured();
		case "conflict":
			return m.state_conflict();
		case "parked":
			return m.state_parked();
		case "quarantined":
			return m.state_quarantined();
		default:
			return m.state_saved_here();
	}
}

/** Whether a pipe is of asbestos cement: it is not cut without the routine. */
export function isAsbestos(card: CardDto): boolean {
	const material = card.facts.find((fact) => fact.field === "material")?.raw.toLowerCase() ?? "";
	return /^(ac|asbest|eternit)/.test(material);
}

/** Registers give a day as its midnight: the time of day is then no fact. */
function dayOrMoment(raw: string): string {
	if (/T00:00(:00)?(\.0+)?(Z|[+-]\d\d:?\d\d)?$/.test(raw)) return raw.slice(0, 10);
	const time = timeText(raw);
	return time === "00:00" ? dateText(raw) : `${dateText(raw)} ${time}`;
}

function unitText(value: string, unit: string): string {
	return unit === "" ? value : value + NO_BREAK + unit;
}

function decimalsOf(raw: string): number {
	return Math.min(2, raw.split(".")[1]?.length ?? 0);
}

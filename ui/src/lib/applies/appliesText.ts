import type {
	AppliesDto,
	AppliesRowDto,
	DistanceDto,
	ProvisionDto,
	SearchedDto,
	TitleDto,
	UnansweredDto,
} from "../core/bindings";
import {
	NO_BREAK,
	municipalityText,
	numberText,
	positionText,
	titleText,
	withUnit,
	type ShownCrs,
} from "../words/format";
import { inSwedish } from "../words/inSwedish";
import { m } from "../words/generated/messages.js";
import { getLocale } from "../words/generated/runtime.js";

/** What the answer is about: the parcel, a point in it, or a bare point. */
export function placeText(answer: AppliesDto, crs: ShownCrs): string {
	const place =
		answer.title === ""
			? m.applies_point({ position: positionText(answer.at, crs) })
			: answer.feature === ""
				? m.applies_point_in({ title: answer.title })
				: answer.title;
	const where = municipalityText(answer.municipality);
	return [place, where].filter((part) => part !== "").join(" · ");
}

/** Nearer than this two outlines touch: what is left is how coordinates are rounded. */
const TOUCH_M = 0.05;

/** How much of what was asked about a zone covers, or how far away it lies. */
export function extentText(row: AppliesRowDto, isParcel: boolean): string {
	switch (row.relation) {
		case "inside":
			return isParcel ? m.applies_all() : m.applies_here();
		case "partly":
			return row.sharePct === null
				? m.applies_partly()
				: m.applies_partly_share({ share: shareText(row.sharePct) });
		default:
			return row.distanceM < TOUCH_M ? m.applies_borders() : awayText(row);
	}
}

/** A share in whole percent. What is neither nothing nor everything never rounds to it. */
export function shareText(sharePct: number): string {
	if (sharePct < 1) return m.applies_under_percent();
	if (sharePct > 99) return m.applies_over_percent();
	return withUnit(sharePct, "%");
}

function awayText({ distanceM, direction }: AppliesRowDto): string {
	const distance =
		distanceM < 1
			? m.applies_under_metre()
			: distanceM < 999.5
				? withUnit(distanceM, "m")
				: withUnit(distanceM / 1000, "km", 1);
	const name = bearingText(direction);
	return name === "" ? distance : m.applies_away({ distance, bearing: name });
}

/** A direction in words; empty for a code that is not known. */
export function bearingText(direction: string): string {
	const names: Readonly<Record<string, () => string>> = {
		n: m.bearing_north,
		ne: m.bearing_north_east,
		e: m.bearing_east,
		se: m.bearing_south_east,
		s: m.bearing_south,
		sw: m.bearing_south_west,
		w: m.bearing_west,
		nw: m.bearing_north_west,
	};
	return names[direction]?.() ?? "";
}

/** The provisions of one kind, under the kind's name. */
export interface ProvisionGroup {
	readonly kind: ProvisionDto["kind"];
	readonly name: string;
	readonly provisions: readonly ProvisionDto[];
}

/** A plan's provisions by kind, use first; kinds without any are left out. */
export function provisionGroups(provisions: readonly ProvisionDto[]): ProvisionGroup[] {
	const names = { use: m.applies_use, property: m.applies_property, other: m.applies_other } as const;
	return (["use", "property", "other"] as const)
		.map((kind) => ({ kind, name: names[kind](), provisions: provisions.filter((one) => one.kind === kind) }))
		.filter((group) => group.provisions.length > 0);
}

/** A provision without its sign: its words, and on how much of the parcel when that is not all of it. */
export function provisionText({ text, sharePct }: ProvisionDto): string {
	return sharePct === null || sharePct >= 100
		? text
		: m.applies_on_share({ text, share: shareText(sharePct) });
}

/** A sign of a provision as letters and the index under them: `e1` is e with a small 1. */
export function signParts(code: string): readonly [sign: string, index: string] {
	const parts = /^(\p{L}+)(\d+)$/u.exec(code);
	return parts ? [parts[1] ?? "", parts[2] ?? ""] : [code, ""];
}

/** Where a row comes from: who publishes it, how old the data are, which rules they follow, how good they are. */
export function sourceText(row: AppliesRowDto): string {
	const date = row.dataDate === null ? m.card_data_missing() : m.card_data({ date: row.dataDate });
	return [row.publisher, date, titleText(row.legalVersion), row.accuracy]
		.filter((part) => part !== "")
		.join(" · ");
}

/** That the data are older than their limit; empty when they are not. */
export function ageText({ isOld, ageDays }: AppliesRowDto): string {
	if (!isOld) return "";
	return ageDays === null ? m.applies_old_unknown() : m.applies_old({ days: numberText(ageDays) });
}

/** Names of subjects as they follow each other in a sentence: only the first begins with a capital. */
export function subjectsText(subjects: readonly TitleDto[]): string {
	return subjects
		.map(titleText)
		.map((name, index) => (index === 0 ? name : inSentence(name)))
		.join(", ");
}

/** `Förorenad mark` within a sentence; `Natura 2000` and `VA-område` keep their capitals. */
function inSentence(name: string): string {
	return /\d|\p{Lu}.*\p{Lu}/u.test(name) ? name : name.charAt(0).toLocaleLowerCase("sv") + name.slice(1);
}

/** A distance that is not kept here, with who asks for it. */
export function distanceText({ text, source }: DistanceDto): string {
	return `${titleText(text)} (${source})`;
}

/** Why a subject has no answer, as it follows the subject's name. */
export function reasonText({ reason, dataDate, ageDays, legalFrom }: UnansweredDto): string {
	switch (reason) {
		case "missing":
			return m.applies_missing();
		case "locked":
			return m.applies_locked();
		case "old":
			return ageDays === null ? m.applies_stale_unknown() : m.applies_stale({ days: numberText(ageDays) });
		case "outdated_rules": {
			const date = dataDate ?? "";
			if (legalFrom === null) return m.applies_outdated_rules({ date });
			const rules = dayText(legalFrom);
			return date === "" ? m.applies_outdated_unknown({ rules }) : m.applies_outdated({ date, rules });
		}
		default:
			return m.applies_outside();
	}
}

/** A day as it is said of a law: `1 juli 2025`. It never breaks. */
function dayText(date: string): string {
	const locale = getLocale() === "en" ? "en-GB" : "sv-SE";
	return new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" })
		.format(new Date(`${date.slice(0, 10)}T00:00:00Z`))
		.replaceAll(" ", NO_BREAK);
}

/** The whole answer as plain Swedish text, for a mail or a case file: the four groups with their sources. */
export function answerAsText(answer: AppliesDto, crsName: string, today: string): string {
	return inSwedish(() => {
		const isParcel = answer.feature !== "";
		const position = `${positionText(answer.at, "grid")} (${crsName})`;
		const rowLines = (row: AppliesRowDto) => [
			`${row.number}. ${row.title} (${extentText(row, isParcel)})`,
			...row.lines.map((line) => `   ${titleText(line)}`),
			...row.distances.map((rule) => `   ${distanceText(rule)}`),
			...provisionGroups(row.provisions).map(
				(group) => `   ${group.name}: ${group.provisions.map(plainProvision).join("; ")}`,
			),
			`   ${[sourceText(row), ageText(row)].filter((part) => part !== "").join(" · ")}`,
		];
		const searchedLine = ({ subject, dataDate }: SearchedDto) =>
			`${titleText(subject)} · ${dataDate === null ? m.card_data_missing() : m.card_data({ date: dataDate })}`;
		const group = (name: string, lines: readonly string[]) =>
			lines.length === 0 ? [] : ["", name, ...lines];
		const concerns = answer.concerns.flatMap(rowLines);
		return [
			`${m.applies_title()} ${placeText(answer, "grid")}`,
			[...(answer.title === "" ? [] : [position]), m.applies_taken({ date: today })].join(" · "),
			`${m.applies_support()} ${m.applies_support_more()}`,
			...group(
				isParcel ? m.applies_concerns_parcel() : m.applies_concerns_place(),
				concerns.length > 0 ? concerns : [isParcel ? m.applies_none_parcel() : m.applies_none_place()],
			),
			...group(m.applies_near(), answer.near.flatMap(rowLines)),
			...group(m.applies_no_hit_title(), answer.noHit.map(searchedLine)),
			...group(
				m.applies_no_answer(),
				answer.noAnswer.map((one) => `${titleText(one.subject)}: ${reasonText(one)}`),
			),
			"",
		]
			.join("\n")
			.replaceAll(NO_BREAK + NO_BREAK, " ")
			.replaceAll(NO_BREAK, " ");
	});
}

function plainProvision(provision: ProvisionDto): string {
	return [provision.code, provisionText(provision)].filter((part) => part !== "").join(" ");
}

import type { DutiesDto, DutyDto } from "../core/bindings";
import { distanceText, municipalityText, positionText, type ShownCrs } from "../words/format";
import { m } from "../words/generated/messages.js";

/** What the answer is about: the thing whose card it came from, or a bare point. */
export function dutyPlaceText(label: string, answer: DutiesDto | null, crs: ShownCrs): string {
	const point = answer ? m.applies_point({ position: positionText(answer.at, crs) }) : "";
	const where = municipalityText(answer?.municipality ?? "");
	return [label === "" ? point : label, where].filter((part) => part !== "").join(" · ");
}

/** That nobody is known, in the words of the duty. Nobody is guessed. */
export function unknownText({ duty, publisher, dataDate }: DutyDto): string {
	const source = [publisher, dataDate ?? ""].filter((part) => part !== "").join(" ");
	if (duty === "road")
		return source === "" ? m.duties_unknown_road_bare() : m.duties_unknown_road({ source });
	return source === "" ? m.duties_unknown_bare() : m.duties_unknown({ source });
}

/** How far away what a duty follows from is; empty at the place itself. */
export function awayText({ distanceM }: DutyDto): string {
	return distanceM < 1 ? "" : m.duties_away({ distance: distanceText(distanceM) });
}

/** Where a duty's answer comes from. */
export function dutySourceText({ publisher, dataDate }: DutyDto): string {
	const date = dataDate === null ? m.card_data_missing() : m.card_data({ date: dataDate });
	return [publisher, date].filter((part) => part !== "").join(" · ");
}

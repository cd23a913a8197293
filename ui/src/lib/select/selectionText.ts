import type { SelectedRowDto, SilentDatasetDto } from "../core/bindings";
import { numberText, titleText, withUnit } from "../words/format";
import { m } from "../words/generated/messages.js";

/** How a row lies: `Hela`, `Delvis, 34 %`, `12 m utanför`; along a line with its distance. */
export function liesText({ relation, sharePct, distanceM }: SelectedRowDto): string {
	const distance = withUnit(distanceM, "m", distanceM < 10 ? 1 : 0);
	if (relation === "within") return m.select_within({ distance });
	const lies =
		relation === "inside"
			? m.select_inside()
			: sharePct === null
				? m.select_partly()
				: m.select_partly_share({ share: sharePct < 1 ? m.select_under_one() : numberText(sharePct) });
	return distanceM > 0 ? `${lies} · ${m.select_from_line({ distance })}` : lies;
}

/** Why a layer has no sure answer: `Spillvattenledningar (gammalt)`. */
export function silentText({ title, reason }: SilentDatasetDto): string {
	return `${titleText(title)} (${reasonText(reason)})`;
}

function reasonText(reason: string): string {
	switch (reason) {
		case "missing":
			return m.select_missing();
		case "locked":
			return m.select_locked();
		case "outside":
			return m.select_outside();
		default:
			return m.select_old();
	}
}

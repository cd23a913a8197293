import type { ChangeDto } from "../core/bindings";
import { m } from "../words/generated/messages.js";

/** What was changed, in plain words, with its photos. */
export function detailText(change: ChangeDto): string {
	const parts = [change.kind === "draft" ? m.changes_draft() : "", change.detail];
	if (change.nPhotos > 0 && !/foto|photo/i.test(change.detail))
		parts.push(
			change.nPhotos === 1 ? m.changes_photo_one() : m.changes_photo_count({ count: change.nPhotos }),
		);
	const [first = "", second = ""] = parts;
	return (second.startsWith(first) ? parts.slice(1) : parts).filter((part) => part !== "").join(" · ");
}

/** Why something waits. */
export function reasonText(reason: string): string {
	switch (reason) {
		case "waits_for_parent":
		case "parent":
			return m.changes_reason_parent();
		case "forbidden":
		case "no_right":
			return m.changes_reason_rights();
		default:
			return m.changes_reason_held();
	}
}

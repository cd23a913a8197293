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

/** Why something waits, and for what; empty when it does not. */
export function reasonText(change: ChangeDto): string {
	const waits = () =>
		change.waitsFor === ""
			? m.changes_reason_parent()
			: m.changes_reason_parent_of({ title: change.waitsFor });
	switch (change.reason) {
		case "missing_parent":
			return waits();
		case "schema":
			return m.changes_reason_schema();
		case "group":
			return m.changes_reason_group();
		case "left_area":
			return m.changes_reason_outside();
		case "merged":
			return m.changes_reason_merged();
		case "resolved":
			return m.changes_reason_resolved();
		case "unpermitted":
			return m.changes_reason_rights();
		case "unknown_dataset":
			return m.changes_reason_dataset();
		case "malformed":
		case "hash_mismatch":
			return m.changes_reason_unreadable();
		default:
			break;
	}
	switch (change.state) {
		case "quarantined":
			return m.changes_reason_held();
		case "parked":
			return waits();
		case "conflict":
			return m.changes_reason_conflict();
		case "saved_here":
			return change.waitsFor === "" ? "" : waits();
		default:
			return "";
	}
}

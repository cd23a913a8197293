import type { HistoryRowDto } from "../core/bindings";
import { m } from "../words/generated/messages.js";

/** Who did it; a delivery has no person. */
export function historyWho(row: HistoryRowDto): string {
	if (row.ownState !== "") return m.conflict_you();
	if (row.by === null) return m.history_delivery();
	return row.by.user === "" ? row.by.device : row.by.user;
}

/** What was done, as it follows a name. */
export function historyText(row: HistoryRowDto): string {
	switch (row.kind) {
		case "created":
			return m.history_created();
		case "deleted":
			return m.history_deleted();
		case "disputed":
			return m.history_disputed();
		case "decided":
			return m.history_decided();
		default:
			return m.history_changed();
	}
}

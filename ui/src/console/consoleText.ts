import { dateText, NO_BREAK, numberText, timeText, titleText, withUnit } from "../lib/words/format";
import { m } from "../lib/words/generated/messages.js";
import type {
	ConsoleAuthorDto,
	ConsoleClashDto,
	ConsoleDeviceDto,
	ConsoleTitleDto,
	ConsoleValueDto,
} from "./bindings";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long ago, as near as a coordinator needs it: `nu`, `för 20 min sedan`, `i går 16:02`, `för 6 dagar sedan`. */
export function agoText(at: string, now: Date): string {
	const ms = Math.max(0, now.getTime() - new Date(at).getTime());
	if (ms < 90_000) return m.console_ago_now();
	if (ms < HOUR_MS) return m.console_ago_minutes({ count: Math.round(ms / 60_000) });
	if (ms < DAY_MS) return m.console_ago_hours({ count: Math.round(ms / HOUR_MS) });
	const days = Math.round(ms / DAY_MS);
	return days === 1 ? m.console_ago_day() : m.console_ago_days({ count: days });
}

export function roleText(role: string): string {
	switch (role) {
		case "technician":
			return m.console_role_technician();
		case "inspector":
			return m.console_role_inspector();
		case "coordinator":
			return m.console_role_coordinator();
		case "reader":
			return m.console_role_reader();
		default:
			return role;
	}
}

/** What a laptop waits with. `calm` when there is nothing to see to. */
export type Waiting = { tone: "ok" | "warn" | "bad" | "quiet"; text: string };

/** Longer than this without a word, and what waits there is worth a call. */
const SILENT_MS = DAY_MS;

export function waitingOf(device: ConsoleDeviceDto, now: Date): Waiting {
	if (device.isRevoked) return { tone: "quiet", text: m.console_revoked() };
	const report = device.report;
	if (!report) return { tone: "quiet", text: m.console_no_report() };
	const isSilent = now.getTime() - new Date(device.lastSeenAt).getTime() > SILENT_MS;
	const parts: string[] = [];
	if (report.nSavedHere > 0) parts.push(m.console_edits_waiting({ count: report.nSavedHere }));
	if (report.nPhotosWaiting > 0) parts.push(m.console_photos_waiting({ count: report.nPhotosWaiting }));
	if (report.nNeedsAttention > 0) parts.push(m.console_decisions_waiting({ count: report.nNeedsAttention }));
	if (parts.length === 0) return { tone: "ok", text: m.console_nothing_waits() };
	return { tone: isSilent ? "bad" : "warn", text: parts.join(", ") };
}

/** A value in words, with its unit; a place as coordinates on the store's grid. */
export function valueText(value: ConsoleValueDto, field: { valueType: string; unit: string }): string {
	if (value.raw === "") return m.console_no_value();
	switch (field.valueType) {
		case "bool":
			return value.raw === "true" ? m.yes() : m.no();
		case "geometry": {
			const [e = "", n = ""] = value.raw.split(" ");
			return `N${NO_BREAK}${numberText(Number(n), 1)} E${NO_BREAK}${numberText(Number(e), 1)}`;
		}
		case "date_time":
			return Number.isNaN(Date.parse(value.raw))
				? value.raw
				: `${dateText(value.raw)} ${timeText(value.raw)}`;
		default:
			return field.unit === "" ? titleText(value.title) : `${titleText(value.title)}${NO_BREAK}${field.unit}`;
	}
}

/** How far a place was moved, or nothing. */
export function movedText(value: ConsoleValueDto): string {
	return value.movedM === null ? "" : m.console_moved({ distance: withUnit(value.movedM, "m", 1) });
}

export function fieldText(field: { field: string; title: ConsoleTitleDto }): string {
	return field.field === "geometry" ? m.console_place() : titleText(field.title);
}

export function conflictText(kind: string): string {
	switch (kind) {
		case "field":
			return m.console_kind_field();
		case "edited_vs_deleted":
			return m.console_kind_edited_vs_deleted();
		case "deleted_vs_edited":
			return m.console_kind_deleted_vs_edited();
		case "duplicate_key":
			return m.console_kind_duplicate();
		case "parent_deleted":
			return m.console_kind_parent_deleted();
		case "id_clash":
			return m.console_kind_id_clash();
		default:
			return m.console_kind_group();
	}
}

export function authorText(author: ConsoleAuthorDto | null, now: Date): string {
	if (!author) return m.console_by_delivery();
	const who = author.device === "" ? author.user : `${author.user}, ${author.device}`;
	return `${who} · ${agoText(author.at, now)}`;
}

export function reasonText(why: string): string {
	switch (why) {
		case "unpermitted":
			return m.console_why_unpermitted();
		case "proposal":
			return m.console_why_proposal();
		case "missing_parent":
			return m.console_why_missing_parent();
		case "schema":
			return m.console_why_schema();
		case "group":
			return m.console_why_group();
		case "hash_mismatch":
			return m.console_why_hash_mismatch();
		case "unknown_dataset":
			return m.console_why_unknown_dataset();
		default:
			return m.console_why_malformed();
	}
}

export function actText(kind: string): string {
	switch (kind) {
		case "create":
			return m.console_act_create();
		case "delete":
			return m.console_act_delete();
		case "restore":
			return m.console_act_restore();
		case "attach":
		case "detach":
			return m.console_act_attach();
		default:
			return m.console_act_update();
	}
}

export function failureText(code: string): string {
	switch (code) {
		case "server_unreachable":
			return m.console_failure_unreachable();
		case "enrol_code_unknown":
		case "enrol_code_needed":
		case "code_invalid":
			return m.error_code_invalid();
		case "unpermitted":
			return m.console_failure_role();
		case "conflict_moved":
			return m.console_failure_moved();
		default:
			return m.console_failure({ code });
	}
}

/** Whether a field's two values say the same to a reader. */
export function isSame(clash: ConsoleClashDto): boolean {
	return clash.store.raw === clash.candidate.raw;
}

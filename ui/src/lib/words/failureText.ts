import type { ApiError } from "../core/bindings";
import { sizeText } from "./format";
import { m } from "./generated/messages.js";

/** What happened, in the reader's language. Nothing from Rust is shown as it came. */
export function failureText(error: ApiError): string {
	switch (error.code) {
		case "feature_not_found":
			return m.error_feature_not_found();
		case "draft_not_found":
			return m.error_draft_not_found();
		case "form_not_found":
			return m.error_form_not_found();
		case "invalid_input":
			return m.error_invalid_input();
		case "answers_invalid":
			return m.error_answers_invalid();
		case "selection_too_large":
			return selectionText(error.what);
		case "photo_empty":
			return m.error_photo_empty();
		case "photo_too_large":
			return m.error_photo_too_large({ size: sizeText(error.nBytes), max: sizeText(error.nBytesMax) });
		case "photo_unreadable":
			return m.error_photo_unreadable();
		case "conflict_moved":
			return m.error_conflict_moved();
		case "conflict_not_found":
			return m.error_conflict_not_found();
		case "disk_full":
			return m.error_disk_full();
		case "folder_in_use":
			return m.error_folder_in_use();
		case "store_damaged":
			return m.error_store_damaged();
		case "key_missing":
			return m.error_key_missing();
		case "server_unreachable":
			return m.error_server_unreachable();
		case "not_a_geodata_store":
			return m.error_not_a_geodata_store();
		case "code_invalid":
			return m.error_code_invalid();
		case "signed_out":
			return m.error_signed_out();
		case "not_enrolled":
			return m.error_not_enrolled();
		case "package_damaged":
			return m.error_package_damaged();
		case "answer_damaged":
			return m.error_answer_damaged();
		case "version_mismatch":
			return m.error_version_mismatch();
		case "internal":
			return m.error_internal();
	}
}

/** What of a selection is too much. */
function selectionText(what: string): string {
	switch (what) {
		case "length":
			return m.error_selection_length();
		case "width":
			return m.error_selection_width();
		case "features":
			return m.error_selection_features();
		default:
			return m.error_selection_vertices();
	}
}

/** A failure known only by its code, as `EnrolmentDto` and `SyncDto` carry it. */
export function failureTextOfCode(code: string): string {
	const plain = [
		"disk_full",
		"folder_in_use",
		"store_damaged",
		"key_missing",
		"server_unreachable",
		"not_a_geodata_store",
		"code_invalid",
		"signed_out",
		"not_enrolled",
		"package_damaged",
		"answer_damaged",
		"version_mismatch",
	] as const;
	const known = plain.find((name) => name === code);
	return failureText(known ? { code: known } : { code: "internal" });
}

import type { ApiError } from "../core/bindings";
import type { FormNode, NodeError } from "../session/formNode.svelte";
import { m } from "../words/generated/messages.js";

/** Which language a text is wanted in. */
export interface In {
	readonly locale: "sv" | "en";
}

/** What stands under a field, and word for word in the list of problems. */
export function problemText(node: FormNode, error: NodeError, language: In): string {
	switch (error.kind) {
		case "required":
			return error.text ?? m.form_required({}, language);
		case "constraint":
			return error.text ?? m.form_constraint({}, language);
		case "unparsable":
			return unparsableText(node, language);
	}
}

function unparsableText(node: FormNode, language: In): string {
	switch (node.kind) {
		case "integer":
			return m.form_bad_integer({}, language);
		case "decimal":
			return m.form_bad_decimal({}, language);
		case "date":
		case "datetime":
			return m.form_bad_date({}, language);
		case "time":
			return m.form_bad_time({}, language);
		case "geopoint":
			return m.form_bad_position({}, language);
		default:
			return m.form_constraint({}, language);
	}
}

/** Why a save failed, short enough for the header. */
export function saveFailureText(error: ApiError, language: In): string {
	return error.code === "disk_full" ? m.form_not_saved_disk({}, language) : m.form_not_saved({}, language);
}

/** Why a photo was not taken in. */
export function photoFailureText(error: ApiError, language: In): string {
	switch (error.code) {
		case "disk_full":
			return m.form_photo_failed_disk({}, language);
		case "photo_too_large":
			return m.form_photo_failed_large({}, language);
		case "photo_unreadable":
		case "photo_empty":
			return m.form_photo_failed_unreadable({}, language);
		default:
			return m.form_photo_failed({}, language);
	}
}

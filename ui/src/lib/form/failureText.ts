import type { ApiError } from "../core/bindings";
import type { FormNode, NodeError, NodeKind } from "../session/formNode.svelte";
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
			return (UNPARSABLE[node.kind] ?? m.form_constraint)({}, language);
	}
}

const UNPARSABLE: Partial<Record<NodeKind, (inputs: object, language: In) => string>> = {
	integer: m.form_bad_integer,
	decimal: m.form_bad_decimal,
	date: m.form_bad_date,
	datetime: m.form_bad_date,
	time: m.form_bad_time,
	geopoint: m.form_bad_position,
};

/** Why a save failed, short enough for the header. */
export function saveFailureText(error: ApiError, language: In): string {
	return error.code === "disk_full" ? m.form_not_saved_disk({}, language) : m.form_not_saved({}, language);
}

const PHOTO_FAILURES: Partial<Record<ApiError["code"], (inputs: object, language: In) => string>> = {
	disk_full: m.form_photo_failed_disk,
	photo_too_large: m.form_photo_failed_large,
	photo_unreadable: m.form_photo_failed_unreadable,
	photo_empty: m.form_photo_failed_unreadable,
};

/** Why a photo was not taken in. */
export function photoFailureText(error: ApiError, language: In): string {
	return (PHOTO_FAILURES[error.code] ?? m.form_photo_failed)({}, language);
}

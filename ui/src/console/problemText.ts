import { withUnit } from "../lib/words/format";
import { m } from "../lib/words/generated/messages.js";
import type { ConsoleProblemDto } from "./bindings";
import { counted } from "./deliveryText";

type Counted = (count: { n: number; count: string }) => string;
type Words = readonly [fact: Counted, more: () => string];

/** Codes that the readers of files give rows and layers. */
const words: Readonly<Record<string, Words>> = {
	null_geometry: [m.delivery_problem_null_geometry, m.delivery_problem_null_geometry_more],
	unsupported_geometry: [
		m.delivery_problem_unsupported_geometry,
		m.delivery_problem_unsupported_geometry_more,
	],
	invalid_geometry: [m.delivery_problem_invalid_geometry, m.delivery_problem_invalid_geometry_more],
	self_intersection: [m.delivery_problem_self_intersection, m.delivery_problem_self_intersection_more],
	wrong_geometry_type: [m.delivery_problem_wrong_geometry_type, m.delivery_problem_wrong_geometry_type_more],
	outside_area: [m.delivery_problem_outside_area, m.delivery_problem_outside_area_more],
	unknown_code: [m.delivery_problem_unknown_code, m.delivery_problem_unknown_code_more],
	missing_required: [m.delivery_problem_missing_required, m.delivery_problem_missing_required_more],
	bad_number: [m.delivery_problem_bad_number, m.delivery_problem_bad_number_more],
	bad_date: [m.delivery_problem_bad_date, m.delivery_problem_bad_date_more],
	bad_flag: [m.delivery_problem_bad_flag, m.delivery_problem_bad_flag_more],
	bad_text: [m.delivery_problem_bad_text, m.delivery_problem_bad_text_more],
	duplicate_identity: [m.delivery_problem_duplicate_identity, m.delivery_problem_duplicate_identity_more],
	missing_identity: [m.delivery_problem_missing_identity, m.delivery_problem_missing_identity_more],
	unclaimed_row: [m.delivery_problem_unclaimed_row, m.delivery_problem_unclaimed_row_more],
	bad_row: [m.delivery_problem_bad_row, m.delivery_problem_bad_row_more],
	missing_column: [m.delivery_problem_missing_column, m.delivery_problem_missing_column_more],
	overlap: [m.delivery_problem_overlap, m.delivery_problem_overlap_more],
	gap: [m.delivery_problem_gap, m.delivery_problem_gap_more],
	duplicate: [m.delivery_problem_duplicate, m.delivery_problem_duplicate_more],
	orphan_reference: [m.delivery_problem_orphan_reference, m.delivery_problem_orphan_reference_more],
	loose_end: [m.delivery_problem_loose_end, m.delivery_problem_loose_end_more],
	not_compared: [() => m.delivery_problem_not_compared(), m.delivery_problem_not_compared_more],
	axis_order: [() => m.delivery_problem_axis_order(), m.delivery_problem_axis_order_more],
	curves_linearised: [
		() => m.delivery_problem_curves_linearised(),
		m.delivery_problem_curves_linearised_more,
	],
};

/** What was found, and what comes of it. `foundCrs` is the system that the file was read as. */
export function problemText(
	problem: ConsoleProblemDto,
	foundCrs: string,
): { readonly fact: string; readonly more: string } {
	const count = counted(problem.count);
	if (problem.code === "crs_assumed")
		return {
			fact: m.delivery_problem_crs_assumed(),
			more: m.delivery_problem_crs_assumed_more({ crs: foundCrs }),
		};
	const known = words[problem.code];
	if (known) return { fact: known[0](count), more: known[1]() };
	return {
		fact: m.delivery_problem_other({ ...count, code: problem.code }),
		more: m.delivery_problem_other_more(),
	};
}

/** Codes whose example text is the supplier's own: a field and its value, an identity, a column. */
const TOLD = [
	...["unknown_code", "missing_required", "bad_number", "bad_date", "bad_flag"],
	...["duplicate_identity", "missing_column", "duplicate", "orphan_reference"],
];

/** Codes whose example text is what the other row is called, and how much: `Nora 1:1, 0.380 m`. */
const BETWEEN = ["overlap", "gap", "loose_end"];

/** What is said of one example; empty where the reader's words are for the log. */
export function exampleText(code: string, text: string): string {
	if (BETWEEN.includes(code)) {
		const [, label, much, unit] = /^(.*), ([\d.]+) (m²?)$/.exec(text) ?? [];
		if (label !== undefined && much !== undefined && unit !== undefined)
			return `${label}, ${withUnit(Number(much), unit, much.split(".")[1]?.length ?? 0)}`;
	}
	return TOLD.includes(code) || BETWEEN.includes(code) ? text : "";
}

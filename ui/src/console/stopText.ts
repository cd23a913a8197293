import { m } from "../lib/words/generated/messages.js";
import type { ConsoleDeliveryDto } from "./bindings";

/** Why a delivery was stopped: what happened and what to do. That nothing was read in stands between the two. */
export interface StopWords {
	readonly fact: string;
	readonly todo: string;
}

/** A reference system that a delivery may be read as. */
export interface ReadAs {
	readonly epsg: number;
	readonly name: string;
}

export function stopText(delivery: ConsoleDeliveryDto): StopWords {
	const { code, facts, format } = delivery;
	const declared = facts["declared"] ?? "";
	const fits = facts["fits"] ?? "";
	switch (code) {
		case "wrong_zone":
			return declared !== "" && fits !== ""
				? { fact: m.delivery_stop_wrong_zone(), todo: m.delivery_stop_wrong_zone_do({ declared, fits }) }
				: { fact: m.delivery_stop_wrong_zone_plain(), todo: m.delivery_stop_wrong_zone_plain_do() };
		case "unknown_crs":
			return declared === ""
				? { fact: m.delivery_stop_no_crs(), todo: m.delivery_stop_no_crs_do() }
				: { fact: m.delivery_stop_unknown_crs({ declared }), todo: m.delivery_stop_unknown_crs_do() };
		case "outside_area":
			return { fact: m.delivery_stop_outside_area(), todo: m.delivery_stop_outside_area_do() };
		case "unknown_file_kind":
			return {
				fact: m.delivery_stop_unknown_file_kind({ ending: facts["ending"] ?? format }),
				todo: m.delivery_stop_unknown_file_kind_do(),
			};
		case "foreign_file":
			return {
				fact: m.delivery_stop_foreign_file({ ending: facts["ending"] ?? format }),
				todo: m.delivery_stop_foreign_file_do(),
			};
		case "unknown_delivery": {
			const layers = facts["layers"] ?? "";
			const held = layers === "" ? "" : `${m.delivery_stop_layers({ layers })} `;
			return { fact: m.delivery_stop_unknown_delivery(), todo: held + m.delivery_stop_unknown_delivery_do() };
		}
		case "outgoing_schema": {
			const [edition, instead] = [facts["edition"] ?? "", facts["instead"] ?? ""];
			return {
				fact: m.delivery_stop_outgoing_schema({ edition }),
				todo: m.delivery_stop_outgoing_schema_do({ instead }),
			};
		}
		default: {
			const [fact, todo] = plainStops[code] ?? other;
			return { fact: fact(), todo: todo() };
		}
	}
}

type Words = readonly [fact: () => string, todo: () => string];

const other: Words = [m.delivery_stop_other, m.delivery_stop_other_do];
/** Codes of the readers of files and of the store whose words need no fact. */
const plainStops: Readonly<Record<string, Words>> = {
	file_not_found: [m.delivery_stop_file_not_found, m.delivery_stop_file_not_found_do],
	io: [m.delivery_stop_io, m.delivery_stop_io_do],
	disk_full: [m.delivery_stop_disk_full, m.delivery_stop_disk_full_do],
	truncated_file: [m.delivery_stop_truncated_file, m.delivery_stop_truncated_file_do],
	missing_part: [m.delivery_stop_missing_part, m.delivery_stop_missing_part_do],
	malformed_file: [m.delivery_stop_malformed_file, m.delivery_stop_malformed_file_do],
	file_locked: [m.delivery_stop_file_locked, m.delivery_stop_file_locked_do],
	database: [m.delivery_stop_database, m.delivery_stop_database_do],
	over_limit: [m.delivery_stop_over_limit, m.delivery_stop_over_limit_do],
	bad_mapping: [m.delivery_stop_bad_mapping, m.delivery_stop_bad_mapping_do],
	unknown_dataset: [m.delivery_stop_unknown_dataset, m.delivery_stop_unknown_dataset_do],
	missing_layer: [m.delivery_stop_missing_layer, m.delivery_stop_missing_layer_do],
	missing_column: [m.delivery_stop_missing_column, m.delivery_stop_missing_column_do],
	no_delivery: [m.delivery_stop_no_delivery, m.delivery_stop_no_delivery_do],
	too_large: [m.delivery_stop_too_large, m.delivery_stop_too_large_do],
	digest_mismatch: [m.delivery_stop_digest_mismatch, m.delivery_stop_digest_mismatch_do],
	busy: [m.delivery_stop_busy, m.delivery_stop_busy_do],
	database_unreachable: [m.delivery_stop_database_unreachable, m.delivery_stop_database_unreachable_do],
	bad_declaration: [m.delivery_stop_bad_declaration, m.delivery_stop_bad_declaration_do],
	store_damaged: [m.delivery_stop_store_damaged, m.delivery_stop_store_damaged_do],
};

/** The one system that the coordinates fit, when the check found it. */
export function fittingSystem(delivery: ConsoleDeliveryDto): ReadAs | null {
	const epsg = Number(delivery.facts["fits_epsg"]);
	const name = delivery.facts["fits"] ?? "";
	return delivery.code === "wrong_zone" && Number.isInteger(epsg) && epsg > 0 && name !== ""
		? { epsg, name }
		: null;
}

/** The systems to choose among where the check found none, likely ones first; empty where another system mends nothing. */
export function systemsToChoose(delivery: ConsoleDeliveryDto): readonly ReadAs[] {
	const isOfCrs = ["wrong_zone", "unknown_crs", "outside_area"].includes(delivery.code);
	return isOfCrs && fittingSystem(delivery) === null ? systems() : [];
}

/** Source: EPSG registry. SWEREF 99 zones 3007–3018 in the order of their codes, RT 90 3019–3024. */
function systems(): readonly ReadAs[] {
	const zones = ["12 00", "13 30", "15 00", "16 30", "18 00", "14 15", "15 45", "17 15", "18 45", "20 15"];
	const northern = ["21 45", "23 15"];
	const gon = ["7,5 gon V", "5 gon V", "2,5 gon V", "0 gon", "2,5 gon O", "5 gon O"];
	return [
		{ epsg: 3006, name: "SWEREF 99 TM" },
		...[...zones, ...northern].map((zone, idx) => ({ epsg: 3007 + idx, name: `SWEREF 99 ${zone}` })),
		...gon.map((zone, idx) => ({ epsg: 3019 + idx, name: `RT 90 ${zone}` })),
		{ epsg: 4326, name: m.delivery_crs_degrees() },
	];
}

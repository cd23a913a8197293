import {
	momentText,
	nearText,
	NO_BREAK,
	numberText,
	sizeText,
	titleText,
	withUnit,
} from "../lib/words/format";
import { m } from "../lib/words/generated/messages.js";
import type { ConsoleDatasetImportDto, ConsoleDeliveryDto, ConsoleProblemExampleDto } from "./bindings";

/** A number as it is shown, and as the catalogue needs it to choose between one and several. */
export function counted(n: number): { n: number; count: string } {
	return { n, count: numberText(n) };
}

/** `L-0412`. */
export function deliveryNumber(delivery: ConsoleDeliveryDto): string {
	return `L-${String(delivery.number).padStart(4, "0")}`;
}

/** What a delivery is called: its first dataset and how many more, or the file until it has been read. */
export function deliveryName(delivery: ConsoleDeliveryDto): string {
	const [first, ...more] = delivery.datasets;
	if (!first) return delivery.name;
	const title = titleText(first.title);
	return more.length === 0 ? title : m.delivery_and_more({ first: title, ...counted(more.length) });
}

/** `i dag 06:02`, `i går 16:40`, `12 maj 08:30`. */
export function whenText(at: string, now: Date): string {
	const near = nearText(at, now);
	return /^\d{4}-/.test(near) ? momentText(at, now) : near.replaceAll(" ", NO_BREAK);
}

/** The size of a file: `38 MB`, `1,9 MB`, and kB below a tenth of one. */
export function fileSizeText(nBytes: number): string {
	if (nBytes < 100_000) return withUnit(Math.ceil(nBytes / 1000), "kB");
	return sizeText(nBytes).replace(/[.,]0(?=\D)/, "");
}

export function percentText(percent: number): string {
	return withUnit(Math.round(Math.min(100, Math.max(0, percent))), "%");
}

/** The sum of one count over the datasets of a delivery. */
export function sumOf(
	delivery: { datasets: readonly ConsoleDatasetImportDto[] },
	count: (of: ConsoleDatasetImportDto) => number,
): number {
	return delivery.datasets.reduce((sum, it) => sum + count(it), 0);
}

export function nProblems(delivery: { datasets: readonly ConsoleDatasetImportDto[] }): number {
	return sumOf(delivery, (it) => it.problems.reduce((sum, problem) => sum + problem.count, 0));
}

export type Tone = "ok" | "warn" | "bad" | "info" | "quiet";
/** Which picture goes with a state. */
export type StateIcon = "clock" | "triangle" | "tick" | "stop" | "dash";
export interface StateWords {
	readonly tone: Tone;
	readonly icon: StateIcon;
	readonly text: string;
}

export function stateOf(delivery: ConsoleDeliveryDto): StateWords {
	const percent = percentText(delivery.progressPct);
	const isMeasured = delivery.progressPct > 0;
	switch (delivery.state) {
		case "checking":
			return {
				tone: "info",
				icon: "clock",
				text: isMeasured ? m.delivery_checking({ percent }) : m.delivery_checking_now(),
			};
		case "review":
			return { tone: "warn", icon: "triangle", text: m.delivery_review(counted(nProblems(delivery))) };
		case "ready":
			return { tone: "info", icon: "tick", text: m.delivery_ready() };
		case "stopped": {
			const why = stopReason(delivery.code);
			const text = why === "" ? m.delivery_stopped() : m.delivery_stopped_why({ why });
			return { tone: "bad", icon: "stop", text };
		}
		case "publishing":
			return {
				tone: "info",
				icon: "clock",
				text: isMeasured ? m.delivery_publishing({ percent }) : m.delivery_publishing_now(),
			};
		case "published":
			return { tone: "ok", icon: "tick", text: m.delivery_published() };
		case "replaced":
			return { tone: "quiet", icon: "dash", text: m.delivery_replaced() };
		case "rejected":
			return { tone: "quiet", icon: "dash", text: m.delivery_rejected() };
		default:
			return { tone: "quiet", icon: "dash", text: m.delivery_undone() };
	}
}

/** Why it was stopped in two words, for the table; empty where only the report can tell. */
function stopReason(code: string): string {
	switch (code) {
		case "wrong_zone":
			return m.delivery_why_zone();
		case "unknown_crs":
			return m.delivery_why_crs();
		case "outside_area":
			return m.delivery_why_outside();
		case "unknown_file_kind":
		case "foreign_file":
			return m.delivery_why_kind();
		case "malformed_file":
		case "truncated_file":
		case "database":
		case "digest_mismatch":
			return m.delivery_why_damaged();
		case "missing_part":
		case "missing_layer":
		case "missing_column":
			return m.delivery_why_part();
		case "unknown_delivery":
		case "no_delivery":
			return m.delivery_why_unknown();
		case "over_limit":
		case "too_large":
			return m.delivery_why_large();
		case "disk_full":
			return m.delivery_why_disk();
		default:
			return "";
	}
}

/** The system of the coordinates and that of the store: `SWEREF 99 TM till 15 00`; one name when they are the same. */
export function crsText(found: string, store: string): string {
	if (found === "" || found === store) return store;
	const family = "SWEREF 99 ";
	const short = found.startsWith(family) && store.startsWith(family) ? store.slice(family.length) : store;
	const solid = (name: string) => name.replaceAll(" ", NO_BREAK);
	return m.delivery_crs_to({ found: solid(found), store: solid(short) });
}

export function laptopsText(delivery: ConsoleDeliveryDto): string {
	const count = counted(delivery.nLaptops);
	if (delivery.nLaptops === 0) return m.delivery_laptops_none();
	if (delivery.nBytesEach === null) return m.delivery_laptops_plain(count);
	return m.delivery_laptops_each({ ...count, size: fileSizeText(delivery.nBytesEach) });
}

/** Northing before easting, thinly grouped: `N 6 600 379  E 152 143`. Null without a place. */
export function placeText(example: ConsoleProblemExampleDto): string | null {
	if (example.eastingM === null || example.northingM === null) return null;
	const two = NO_BREAK + NO_BREAK;
	return `N${NO_BREAK}${numberText(example.northingM)}${two}E${NO_BREAK}${numberText(example.eastingM)}`;
}

/** A place to paste elsewhere: plain figures to the decimetre, northing first. */
export function placeToCopy(example: ConsoleProblemExampleDto): string {
	return [example.northingM, example.eastingM]
		.map((it) => (it ?? 0).toFixed(1).replace(/\.0$/, ""))
		.join(" ");
}

/** Why an act on a delivery was not done. */
export function actFailureText(code: string): string {
	switch (code) {
		case "server_unreachable":
			return m.delivery_act_unreachable();
		case "conflict_moved":
		case "delivery_moved":
		case "not_found":
			return m.delivery_act_moved();
		case "signed_out":
			return m.delivery_upload_signed_out();
		default:
			return m.delivery_act_failed({ code });
	}
}

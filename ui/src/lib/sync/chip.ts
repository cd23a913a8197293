import type { SyncDto } from "../core/bindings";
import { clockText } from "../words/format";
import { m } from "../words/generated/messages.js";

/** What the connection chip shows: the fact, then the age or the count. */
export interface Chip {
	readonly icon: "received" | "sending" | "offline" | "attention" | "signed_out" | "bundle";
	readonly fact: string;
	readonly more: string;
	/** Amber in day; red only where nothing can be sent until somebody acts. */
	readonly tone: "quiet" | "alert" | "alarm";
	/** Part of the round that is done, 0–1, or null. */
	readonly part: number | null;
}

/**
 * The chip for a state of the exchange. Offline is normal work: never red, never in the way. A person who is deciding
 * is not told to.
 */
export function chipOf(sync: SyncDto, now: Date, isDeciding = false): Chip {
	const savedHere =
		sync.nSavedHere === 1 ? m.chip_saved_here_one() : m.chip_saved_here({ count: sync.nSavedHere });
	switch (sync.state) {
		case "sending":
			return {
				icon: "sending",
				fact: m.chip_sending({ done: sync.nSent, total: sync.nToSend }),
				more: photosLeft(sync),
				tone: "quiet",
				part: sync.nToSend === 0 ? null : sync.nSent / sync.nToSend,
			};
		case "offline":
			return {
				icon: "offline",
				fact: m.chip_offline(),
				more:
					sync.nSavedHere > 0
						? savedHere
						: sync.offlineSince
							? m.chip_offline_since({ time: clockText(sync.offlineSince, now) })
							: "",
				tone: "alert",
				part: null,
			};
		case "attention":
			return isDeciding
				? {
						icon: "received",
						fact: m.chip_connected(),
						more: sync.nToDecide === 1 ? m.chip_to_decide_one() : m.chip_to_decide({ count: sync.nToDecide }),
						tone: "quiet",
						part: null,
					}
				: {
						icon: "attention",
						fact: m.chip_attention(),
						more: sync.nToDecide === 1 ? m.chip_conflict_one() : m.chip_conflicts({ count: sync.nToDecide }),
						tone: "alert",
						part: null,
					};
		case "signed_out":
			return {
				icon: "signed_out",
				fact: m.chip_signed_out(),
				more: m.chip_sign_in(),
				tone: "alarm",
				part: null,
			};
		case "bundle":
			return { icon: "bundle", fact: m.chip_bundle(), more: m.chip_connect(), tone: "quiet", part: null };
		default:
			return {
				icon: "received",
				fact: sync.nSavedHere > 0 ? savedHere : m.chip_received(),
				more: sync.lastReceivedAt
					? m.chip_received_at({ time: clockText(sync.lastReceivedAt, now) })
					: m.chip_never(),
				tone: "quiet",
				part: null,
			};
	}
}

function photosLeft(sync: SyncDto): string {
	if (sync.nPhotosLeft === 0) return "";
	return sync.nPhotosLeft === 1 ? m.chip_photo_left() : m.chip_photos_left({ count: sync.nPhotosLeft });
}

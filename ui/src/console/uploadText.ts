import { m } from "../lib/words/generated/messages.js";
import { fileSizeText } from "./deliveryText";
import { MAX_UPLOAD_BYTES, type Upload } from "./uploads.svelte";

/** Why a file did not reach the store, or is not sent to it. */
export function uploadFailure(upload: Upload & { state: "failed" | "refused" }): {
	readonly fact: string;
	readonly more: string;
} {
	const fact = upload.state === "failed" ? m.delivery_upload_failed() : m.delivery_upload_refused();
	return { fact, more: why(upload.code, upload.file.size) };
}

function why(code: string, nBytes: number): string {
	switch (code) {
		case "server_unreachable":
			return m.delivery_upload_unreachable();
		case "signed_out":
		case "unpermitted":
			return m.delivery_upload_signed_out();
		case "too_large":
			return nBytes > MAX_UPLOAD_BYTES
				? m.delivery_upload_too_large({ size: fileSizeText(nBytes), most: fileSizeText(MAX_UPLOAD_BYTES) })
				: m.delivery_upload_too_large_plain();
		case "empty_file":
			return m.delivery_upload_empty();
		case "folder":
			return m.delivery_upload_folder();
		case "shapefile_loose":
			return m.delivery_upload_loose();
		case "unknown_file_kind":
		case "foreign_file":
			return m.delivery_upload_kind();
		case "disk_full":
			return m.delivery_upload_disk();
		default:
			return m.delivery_upload_code({ code });
	}
}

/** How much of it is sent, in words. */
export function sentText(upload: Upload): string {
	const size = fileSizeText(upload.file.size);
	return upload.state === "sending"
		? m.delivery_upload_sent({ sent: fileSizeText(Math.min(upload.nSent, upload.file.size)), size })
		: m.delivery_upload_waiting({ size });
}

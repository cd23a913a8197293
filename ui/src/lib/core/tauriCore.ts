import { convertFileSrc, invoke } from "@tauri-apps/api/core";
import type { ApiError } from "./bindings";
import {
	digitsOfBlob,
	isApiError,
	type CommandName,
	type Core,
	type Input,
	type Output,
	type Result,
} from "./core";

/** The core inside the same desktop program, reached by the shell's commands. */
export class TauriCore implements Core {
	async call<Name extends CommandName>(
		name: Name,
		input: Input<Name>,
	): Promise<Result<Output<Name>, ApiError>> {
		try {
			return { ok: true, value: await invoke<Output<Name>>(name, { input }) };
		} catch (thrown) {
			if (isApiError(thrown)) return { ok: false, error: thrown };
			// Not a refusal: a bug in the shell or in the wire between. Said once, here.
			console.error(`${name} failed`, thrown);
			return { ok: false, error: { code: "internal" } };
		}
	}

	tileUrl(kind: "base" | "live", tileVersion: number): string {
		const part = kind === "base" ? "base" : `live/${tileVersion}`;
		return `${root()}${part}/{z}/{x}/{y}`;
	}

	photoUrl(blob: string): string {
		return `${root()}photo/${digitsOfBlob(blob)}`;
	}
}

/** `tile://localhost/` on Linux and macOS, `http://tile.localhost/` on Windows. */
function root(): string {
	return convertFileSrc("", "tile");
}

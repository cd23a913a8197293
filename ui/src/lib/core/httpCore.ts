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

/** The core behind a bridge over HTTP on the same origin, for a browser instead of the desktop window. */
export class HttpCore implements Core {
	readonly #origin: string;

	constructor(origin: string) {
		this.#origin = origin;
	}

	async call<Name extends CommandName>(
		name: Name,
		input: Input<Name>,
	): Promise<Result<Output<Name>, ApiError>> {
		try {
			const response = await fetch(`${this.#origin}/ipc/${name}`, {
				method: "POST",
				headers: { "content-type": "application/json" },
				body: JSON.stringify(input),
			});
			return parseAnswer<Output<Name>>(await response.json());
		} catch (thrown) {
			console.error(`${name} failed`, thrown);
			return { ok: false, error: { code: "internal" } };
		}
	}

	tileUrl(kind: "base" | "live", tileVersion: number): string {
		const part = kind === "base" ? "base" : `live/${tileVersion}`;
		return `${this.#origin}/tile/${part}/{z}/{x}/{y}`;
	}

	photoUrl(blob: string): string {
		return `${this.#origin}/tile/photo/${digitsOfBlob(blob)}`;
	}
}

function parseAnswer<Value>(answer: unknown): Result<Value, ApiError> {
	if (typeof answer === "object" && answer !== null && "ok" in answer) {
		// The bridge serializes what the generated types say; the shape of `value` is Rust's promise.
		if (answer.ok === true && "value" in answer) return { ok: true, value: answer.value as Value };
		if (answer.ok === false && "error" in answer && isApiError(answer.error))
			return { ok: false, error: answer.error };
	}
	return { ok: false, error: { code: "internal" } };
}

import type { ApiError, Commands } from "./bindings";

/** What came of a request: the value, or the core's reason as a code with facts. */
export type Result<Value, Failure> =
	{ readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: Failure };

/** Names of the requests, as the core lists them. */
export type CommandName = keyof Commands;
/** What a request is sent. */
export type Input<Name extends CommandName> = Commands[Name]["input"];
/** What a request answers. */
export type Output<Name extends CommandName> = Commands[Name]["output"];

/** The Rust core, however it is reached. Components see this and never `invoke`. */
export interface Core {
	/** Makes one request. A rejected promise is a bug, never a refusal. */
	call<Name extends CommandName>(name: Name, input: Input<Name>): Promise<Result<Output<Name>, ApiError>>;
	/**
	 * Address template of map tiles (MVT, not compressed), with `{z}/{x}/{y}`.
	 * `live` tiles carry their version, so that an edit gives a new address.
	 */
	tileUrl(kind: "base" | "live", tileVersion: number): string;
	/** Address of a photo by its content id (`sha256:…`). */
	photoUrl(blob: string): string;
	/** Where tiles cannot be fetched by address: answers the bytes for a path of `tileUrl`. */
	readonly loadTile?: (path: string) => Promise<ArrayBuffer>;
}

/** Name of the protocol under which the map asks `Core.loadTile`. */
export const LOADED_TILE_PROTOCOL = "core-tile";

/** The part of a blob's id that its address carries. */
export function digitsOfBlob(blob: string): string {
	return blob.replace(/^sha256:/, "");
}

/** Whether something thrown is a refusal of the core and not a bug. */
export function isApiError(thrown: unknown): thrown is ApiError {
	return typeof thrown === "object" && thrown !== null && "code" in thrown && typeof thrown.code === "string";
}

import { readFileSync } from "node:fs";
import type { ApiError } from "../bindings";
import type { CommandName, Core, Input, Output, Result } from "../core";
import { FakeCore, type FakeOptions } from "./fakeCore";
import type { Town } from "./town";

/** The invented town, read once. */
const town = JSON.parse(
	readFileSync(new URL("../../../../tests/fixtures/town.json", import.meta.url), "utf8"),
) as Town;

/** The invented core for tests without a browser. */
export function demoCore(options: FakeOptions = {}): FakeCore {
	return new FakeCore(town, options);
}

/** A core that holds back its answers to one command until they are let go, in any order. */
export class SlowCore implements Core {
	readonly #inner: Core;
	readonly #slow: CommandName;
	readonly #held: (() => void)[] = [];

	constructor(inner: Core, slow: CommandName) {
		this.#inner = inner;
		this.#slow = slow;
	}

	/** Lets go the answer that was asked for as number `index`. */
	async release(index: number): Promise<void> {
		this.#held[index]?.();
		// The answer passes through the inner core and the waiting controller.
		for (let turn = 0; turn < 10; turn++) await Promise.resolve();
	}

	async call<Name extends CommandName>(
		name: Name,
		input: Input<Name>,
	): Promise<Result<Output<Name>, ApiError>> {
		if (name === this.#slow) await new Promise<void>((resolve) => this.#held.push(resolve));
		return this.#inner.call(name, input);
	}

	tileUrl(kind: "base" | "live", tileVersion: number): string {
		return this.#inner.tileUrl(kind, tileVersion);
	}

	photoUrl(blob: string): string {
		return this.#inner.photoUrl(blob);
	}
}

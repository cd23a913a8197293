import type { SyncDto } from "../core/bindings";
import type { Core } from "../core/core";

/** State of the exchange with the store. Asks the core again and again; nobody waits for it. */
export class Sync {
	readonly #core: Core;
	#state: SyncDto;
	#timer: ReturnType<typeof setInterval> | undefined;

	constructor(core: Core, state: SyncDto) {
		this.#core = core;
		this.#state = $state.raw(state);
	}

	get state(): SyncDto {
		return this.#state;
	}

	/** Edits and decisions that wait: the rail's figure. */
	get nWaiting(): number {
		return this.#state.nSavedHere + this.#state.nToDecide;
	}

	/** Asks once. */
	async refresh(): Promise<void> {
		const result = await this.#core.call("load_sync", {});
		if (result.ok) this.#state = result.value;
	}

	/** Tries a round now. */
	async start(): Promise<void> {
		const result = await this.#core.call("start_sync", {});
		if (result.ok) this.#state = result.value;
	}

	/** Takes a state that came with another answer. */
	take(state: SyncDto): void {
		this.#state = state;
	}

	/** Asks every so often until the returned function is called. */
	watch(everyMs = 1000): () => void {
		clearInterval(this.#timer);
		this.#timer = setInterval(() => void this.refresh(), everyMs);
		return () => clearInterval(this.#timer);
	}
}

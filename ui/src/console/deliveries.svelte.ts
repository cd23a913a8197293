import type { ConsoleDeliveryDto } from "./bindings";
import type { Answer, ConsoleStore } from "./httpStore";
import { Uploads } from "./uploads.svelte";

/** The deliveries, what is done with them, and the files on their way. */
export class Deliveries {
	readonly #store: ConsoleStore;
	readonly #look: () => Promise<void>;
	readonly uploads: Uploads;
	/** Newest first. */
	all = $state.raw<readonly ConsoleDeliveryDto[]>([]);
	/** The delivery whose report is open. */
	chosen = $state<string | null>(null);
	isBusy = $state(false);

	/** `look` reads everything anew after an act. */
	constructor(store: ConsoleStore, look: () => Promise<void>) {
		this.#store = store;
		this.#look = look;
		this.uploads = new Uploads(store, (delivery) => this.#receive(delivery));
	}

	/** How many wait for the coordinator. */
	get nToSee(): number {
		return this.all.filter((it) => isToReview(it) || it.state === "stopped").length;
	}

	/** Whether something changes by itself soon. */
	get isMoving(): boolean {
		return this.all.some((it) => it.state === "checking" || it.state === "publishing");
	}

	/** Null when it went well, else the code; so with each act. */
	publish(id: string): Promise<string | null> {
		return this.#do(() => this.#store.publish(id));
	}

	reject(id: string): Promise<string | null> {
		return this.#do(() => this.#store.reject(id));
	}

	undo(id: string): Promise<string | null> {
		return this.#do(() => this.#store.undo(id));
	}

	readAs(id: string, epsg: number): Promise<string | null> {
		return this.#do(() => this.#store.readAs(id, epsg));
	}

	reportUrl(id: string): string {
		return this.#store.reportUrl(id);
	}

	/** What the store has just taken stands in the list before the next look. */
	#receive(delivery: ConsoleDeliveryDto): void {
		this.all = [delivery, ...this.all.filter((it) => it.id !== delivery.id)];
		this.chosen ??= delivery.id;
		void this.#look();
	}

	async #do(act: () => Promise<Answer<null>>): Promise<string | null> {
		this.isBusy = true;
		try {
			const answer = await act();
			await this.#look();
			return answer.ok ? null : answer.code;
		} finally {
			this.isBusy = false;
		}
	}
}

/** Whether the coordinator may publish it. */
export function isToReview(delivery: ConsoleDeliveryDto): boolean {
	return delivery.state === "review" || delivery.state === "ready";
}

import type {
	ConsoleCaseDto,
	ConsoleDatasetDto,
	ConsoleDeviceDto,
	ConsoleHeldDto,
	ConsoleOverviewDto,
} from "./bindings";
import { Deliveries } from "./deliveries.svelte";
import type { Answer, ConsoleStore } from "./httpStore";

/** How often the console asks anew, in milliseconds. */
const LOOK_MS = 5000;
/** And while a delivery is being checked or published. */
const LOOK_MOVING_MS = 1000;

export type Page = "deliveries" | "datasets" | "devices" | "cases";

/** What the console shows, and what the coordinator does there. */
export class Desk {
	readonly #store: ConsoleStore;
	/** `unknown` until the store has said whether this browser is signed in. */
	access = $state<"unknown" | "signed_out" | "signed_in">("unknown");
	page = $state<Page>("deliveries");
	readonly deliveries: Deliveries;
	overview = $state.raw<ConsoleOverviewDto | null>(null);
	datasets = $state.raw<readonly ConsoleDatasetDto[]>([]);
	devices = $state.raw<readonly ConsoleDeviceDto[]>([]);
	cases = $state.raw<readonly ConsoleCaseDto[]>([]);
	held = $state.raw<readonly ConsoleHeldDto[]>([]);
	/** When the lists were read, and whether the last try to read them failed. */
	readAt = $state.raw<Date | null>(null);
	failure = $state<string | null>(null);
	isBusy = $state(false);
	now = $state.raw(new Date());
	// Looks overlap after an act; an older answer must not take the place of a newer one.
	#nLooks = 0;
	#shownLook = 0;

	constructor(store: ConsoleStore) {
		this.#store = store;
		this.deliveries = new Deliveries(store, () => this.look());
	}

	/** Looks again and again; gives what ends it. */
	start(): () => void {
		let timer: ReturnType<typeof setTimeout> | undefined;
		let isOver = false;
		const round = async () => {
			await this.look();
			if (!isOver)
				timer = setTimeout(() => void round(), this.deliveries.isMoving ? LOOK_MOVING_MS : LOOK_MS);
		};
		void round();
		return () => {
			isOver = true;
			clearTimeout(timer);
		};
	}

	async look(): Promise<void> {
		this.#nLooks += 1;
		const look = this.#nLooks;
		const answers = await Promise.all([
			this.#store.overview(),
			this.#store.deliveries(),
			this.#store.datasets(),
			this.#store.devices(),
			this.#store.cases(),
			this.#store.held(),
		]);
		if (look < this.#shownLook) return;
		this.#shownLook = look;
		this.now = new Date();
		const [overview, deliveries, datasets, devices, cases, held] = answers;
		// What was read is shown even when something else was not.
		if (overview.ok) {
			this.overview = overview.value;
			this.access = "signed_in";
		}
		if (deliveries.ok) this.deliveries.all = deliveries.value;
		if (datasets.ok) this.datasets = datasets.value;
		if (devices.ok) this.devices = devices.value;
		if (cases.ok) this.cases = cases.value;
		if (held.ok) this.held = held.value;
		const failed = answers.find((it) => !it.ok);
		if (failed) {
			this.#fail(failed.code);
			return;
		}
		this.readAt = this.now;
		this.failure = null;
	}

	#fail(code: string): void {
		if (code === "signed_out" || code === "unpermitted") {
			this.access = "signed_out";
			this.failure = null;
			return;
		}
		// What was read stays on the screen, and the page says how old it is.
		this.failure = code;
	}

	/** Null when it went well, else the code. */
	async signIn(user: string, code: string): Promise<string | null> {
		return this.#do(() => this.#store.signIn({ user, code }));
	}

	async signOut(): Promise<void> {
		await this.#do(() => this.#store.signOut());
	}

	revoke(device: string): Promise<string | null> {
		return this.#do(() => this.#store.revoke(device));
	}

	decide(of: ConsoleCaseDto, take: ReadonlyMap<string, "store" | "candidate">, note: string) {
		const choices = of.conflicts.map((it) => ({
			conflict: it.id,
			mark: it.mark,
			take: take.get(it.id) ?? "store",
		}));
		return this.#do(() => this.#store.decide(of.feature, { choices, note }));
	}

	accept(op: string): Promise<string | null> {
		return this.#do(() => this.#store.accept(op));
	}

	async #do(act: () => Promise<Answer<null>>): Promise<string | null> {
		this.isBusy = true;
		try {
			const answer = await act();
			await this.look();
			return answer.ok ? null : answer.code;
		} finally {
			this.isBusy = false;
		}
	}
}

import type { ConsoleCaseDto, ConsoleDeviceDto, ConsoleHeldDto, ConsoleOverviewDto } from "./bindings";
import type { Answer, HttpStore } from "./httpStore";

/** How often the console asks anew, in milliseconds. */
const LOOK_MS = 5000;

export type Page = "devices" | "cases";

/** What the console shows, and what the coordinator does there. */
export class Desk {
	readonly #store: HttpStore;
	/** `unknown` until the store has said whether this browser is signed in. */
	access = $state<"unknown" | "signed_out" | "signed_in">("unknown");
	page = $state<Page>("devices");
	overview = $state.raw<ConsoleOverviewDto | null>(null);
	devices = $state.raw<readonly ConsoleDeviceDto[]>([]);
	cases = $state.raw<readonly ConsoleCaseDto[]>([]);
	held = $state.raw<readonly ConsoleHeldDto[]>([]);
	/** When the lists were read, and whether the last try to read them failed. */
	readAt = $state.raw<Date | null>(null);
	failure = $state<string | null>(null);
	isBusy = $state(false);
	now = $state.raw(new Date());

	constructor(store: HttpStore) {
		this.#store = store;
	}

	/** Looks again and again; gives what ends it. */
	start(): () => void {
		void this.look();
		const timer = setInterval(() => void this.look(), LOOK_MS);
		return () => clearInterval(timer);
	}

	async look(): Promise<void> {
		const [overview, devices, cases, held] = await Promise.all([
			this.#store.overview(),
			this.#store.devices(),
			this.#store.cases(),
			this.#store.held(),
		]);
		this.now = new Date();
		if (!overview.ok) {
			this.#fail(overview.code);
			return;
		}
		if (!devices.ok) {
			this.#fail(devices.code);
			return;
		}
		if (!cases.ok) {
			this.#fail(cases.code);
			return;
		}
		if (!held.ok) {
			this.#fail(held.code);
			return;
		}
		this.access = "signed_in";
		this.overview = overview.value;
		this.devices = devices.value;
		this.cases = cases.value;
		this.held = held.value;
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

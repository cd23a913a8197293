import type { EnrolmentDto } from "../core/bindings";
import type { Core } from "../core/core";

/** A field of the first step that has to be mended. */
export type EnrolmentProblem = "address_missing" | "address_bad" | "device_missing" | "user_missing";

/** Where the enrolment is. */
export type EnrolmentStep =
	| { readonly step: "form"; readonly errorCode: string }
	| { readonly step: "fetching"; readonly progress: EnrolmentDto }
	| { readonly step: "done" };

/** Ties this laptop to a geodata store: address, code and names, then fetching. */
export class Enrolment {
	readonly #core: Core;
	#step = $state.raw<EnrolmentStep>({ step: "form", errorCode: "" });
	#hasTried = $state(false);
	#timer: ReturnType<typeof setInterval> | undefined;
	url = $state("");
	code = $state("");
	deviceName = $state("");
	userName = $state("");

	constructor(
		core: Core,
		known: { readonly url: string; readonly deviceName: string; readonly userName: string },
	) {
		this.#core = core;
		this.url = known.url;
		this.deviceName = known.deviceName;
		this.userName = known.userName;
	}

	get step(): EnrolmentStep {
		return this.#step;
	}

	/** What is missing; shown only after the first try. */
	get problems(): EnrolmentProblem[] {
		return this.#hasTried ? this.#check() : [];
	}

	/** Begins, when nothing is missing. */
	async start(): Promise<void> {
		this.#hasTried = true;
		if (this.#check().length > 0) return;
		const result = await this.#core.call("start_enrolment", {
			url: this.url.trim(),
			code: this.code.trim(),
			deviceName: this.deviceName.trim(),
			userName: this.userName.trim(),
		});
		if (!result.ok) {
			this.#step = { step: "form", errorCode: result.error.code };
			return;
		}
		this.#take(result.value);
	}

	/** Asks how far it has come. */
	async refresh(): Promise<void> {
		const result = await this.#core.call("load_enrolment", {});
		if (result.ok && result.value.state !== "idle") this.#take(result.value);
	}

	/** Asks every so often until the returned function is called. */
	watch(everyMs = 400): () => void {
		this.#timer = setInterval(() => {
			if (this.#step.step === "fetching") void this.refresh();
		}, everyMs);
		return () => clearInterval(this.#timer);
	}

	#take(progress: EnrolmentDto): void {
		if (progress.state === "failed") this.#step = { step: "form", errorCode: progress.errorCode };
		else if (progress.state === "done") this.#step = { step: "done" };
		else this.#step = { step: "fetching", progress };
	}

	#check(): EnrolmentProblem[] {
		const problems: EnrolmentProblem[] = [];
		if (this.url.trim() === "") problems.push("address_missing");
		else if (!/^https?:\/\/[^\s/]+/.test(this.url.trim())) problems.push("address_bad");
		if (this.deviceName.trim() === "") problems.push("device_missing");
		if (this.userName.trim() === "") problems.push("user_missing");
		return problems;
	}
}

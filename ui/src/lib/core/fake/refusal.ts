import type { ApiError } from "../bindings";

/** A refusal of the core, thrown nowhere and only answered. */
export class Refusal {
	readonly error: ApiError;

	constructor(error: ApiError) {
		this.error = error;
	}
}

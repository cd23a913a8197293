import { getLocale, overwriteGetLocale } from "./generated/runtime.js";

/** Writes something in Swedish whatever the interface speaks: what leaves the laptop goes to Swedish papers. */
export function inSwedish(write: () => string): string {
	const spoken = getLocale;
	overwriteGetLocale(() => "sv");
	try {
		return write();
	} finally {
		overwriteGetLocale(spoken);
	}
}

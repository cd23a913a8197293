import { overwriteGetLocale } from "./generated/runtime.js";

/** The language of the interface. Texts are read through it, so a change shows everywhere at once. */
export class Language {
	current = $state<"sv" | "en">("sv");

	/** Makes the catalogue follow this. Called once, by the program's start. */
	lead(): void {
		overwriteGetLocale(() => this.current);
	}
}

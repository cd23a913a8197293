import type { SettingsDto, ViewDto } from "../core/bindings";
import type { Core } from "../core/core";
import type { ShownCrs } from "../words/format";

/** Kinds of panels, each with a width of its own that is remembered. */
export type PanelKind = "narrow" | "medium" | "wide";

/** The person's choices. Each takes effect at once and is saved soon after. */
export class Settings {
	readonly #core: Core;
	#values: SettingsDto;
	#pending: ReturnType<typeof setTimeout> | undefined;
	readonly #delayMs: number;

	constructor(core: Core, values: SettingsDto, delayMs = 400) {
		this.#core = core;
		this.#values = $state.raw(values);
		this.#delayMs = delayMs;
	}

	/** All of them, as they are now. */
	get values(): SettingsDto {
		return this.#values;
	}

	get language(): "sv" | "en" {
		return this.#values.language === "en" ? "en" : "sv";
	}

	get shownCrs(): ShownCrs {
		const crs = this.#values.shownCrs;
		return crs === "tm" || crs === "wgs84" ? crs : "grid";
	}

	/** Changes some of them and saves soon. */
	change(part: Partial<SettingsDto>): void {
		this.#values = { ...this.#values, ...part };
		clearTimeout(this.#pending);
		this.#pending = setTimeout(() => void this.save(), this.#delayMs);
	}

	/** Remembers where the map is left. */
	rememberView(view: ViewDto): void {
		this.change({ view });
	}

	/** The next system for the status line. */
	nextCrs(): void {
		const next = { grid: "tm", tm: "wgs84", wgs84: "grid" } as const;
		this.change({ shownCrs: next[this.shownCrs] });
	}

	/** The remembered width of a kind of panel in pixels, or null. */
	panelWidth(kind: PanelKind): number | null {
		const width = this.#panelWidths()[kind];
		return typeof width === "number" ? width : null;
	}

	/** Remembers the width of a kind of panel. */
	setPanelWidth(kind: PanelKind, widthPx: number): void {
		this.change({ panels: JSON.stringify({ ...this.#panelWidths(), [kind]: Math.round(widthPx) }) });
	}

	/** Saves now. What the core answers is not taken back: the person may have changed more meanwhile. */
	async save(): Promise<void> {
		clearTimeout(this.#pending);
		await this.#core.call("save_settings", { settings: this.#values });
	}

	#panelWidths(): Partial<Record<PanelKind, unknown>> {
		try {
			const parsed: unknown = JSON.parse(this.#values.panels);
			return typeof parsed === "object" && parsed !== null ? parsed : {};
		} catch {
			// Empty at first start.
			return {};
		}
	}
}

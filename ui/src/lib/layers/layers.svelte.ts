import type { DatasetDto } from "../core/bindings";
import type { Settings } from "../settings/settings.svelte";
import { isInTheme, themeNames, type ThemeName } from "./themes";

/** Groups in the order of the list. */
export const layerGroups = ["work", "va", "plans", "property", "background"] as const;
export type LayerGroup = (typeof layerGroups)[number];

/** Which datasets the map shows: as declared, and as the person has switched them. */
export class Layers {
	readonly #settings: Settings;
	#datasets: readonly DatasetDto[];

	constructor(settings: Settings, datasets: readonly DatasetDto[]) {
		this.#settings = settings;
		this.#datasets = $state.raw(datasets);
	}

	get datasets(): readonly DatasetDto[] {
		return this.#datasets;
	}

	/** Takes a new list, after a fetch. */
	take(datasets: readonly DatasetDto[]): void {
		this.#datasets = datasets;
	}

	/** The datasets of a group, topmost first. */
	inGroup(group: LayerGroup): DatasetDto[] {
		return this.#datasets.filter((dataset) => dataset.group === group).sort((a, b) => b.order - a.order);
	}

	isShown(dataset: DatasetDto): boolean {
		const { layersOn, layersOff } = this.#settings.values;
		if (layersOn.includes(dataset.id)) return true;
		if (layersOff.includes(dataset.id)) return false;
		return dataset.visible;
	}

	/** Ids of what is shown. */
	get shown(): ReadonlySet<string> {
		return new Set(this.#datasets.filter((dataset) => this.isShown(dataset)).map((dataset) => dataset.id));
	}

	/** Ids of what can be switched. */
	get listed(): ReadonlySet<string> {
		return new Set(this.#datasets.map((dataset) => dataset.id));
	}

	/** Whether any pipes are shown. */
	get hasNetwork(): boolean {
		return this.#datasets.some((dataset) => dataset.role.endsWith("_pipe") && this.isShown(dataset));
	}

	/** Whether the pipes come first on the map. */
	get isNetworkFirst(): boolean {
		return this.theme === "leak";
	}

	/** Switches one. */
	toggle(dataset: DatasetDto): void {
		this.#switch(new Map([[dataset.id, !this.isShown(dataset)]]));
	}

	/** Shows what a theme shows and nothing else. */
	choose(theme: ThemeName): void {
		this.#switch(new Map(this.#datasets.map((dataset) => [dataset.id, isInTheme(theme, dataset)])));
	}

	/** The theme that is shown now, when it is one. */
	get theme(): ThemeName | null {
		return (
			themeNames.find((theme) =>
				this.#datasets.every((dataset) => this.isShown(dataset) === isInTheme(theme, dataset)),
			) ?? null
		);
	}

	/** A dataset by id. */
	find(id: string): DatasetDto | undefined {
		return this.#datasets.find((dataset) => dataset.id === id);
	}

	#switch(changes: ReadonlyMap<string, boolean>): void {
		const { layersOn, layersOff } = this.#settings.values;
		const kept = (ids: readonly string[]) => ids.filter((id) => !changes.has(id));
		const changed = (isOn: boolean) => [...changes].filter(([, on]) => on === isOn).map(([id]) => id);
		this.#settings.change({
			layersOn: [...kept(layersOn), ...changed(true)],
			layersOff: [...kept(layersOff), ...changed(false)],
		});
	}
}

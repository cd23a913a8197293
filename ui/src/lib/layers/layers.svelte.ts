import type { ChosenFilterDto, DatasetDto, FilterDto, ThemeDto } from "../core/bindings";
import type { RowFilter } from "../map/arrange";
import type { Settings } from "../settings/settings.svelte";
import { activeFilters, firstValue, type ActiveFilter } from "./filters";
import { isWhole, THEME_NAME_MAX, themesOf, type LayerTheme } from "./themes";

/** Groups in the order of the list. */
export const layerGroups = ["work", "va", "plans", "property", "background"] as const;
export type LayerGroup = (typeof layerGroups)[number];

/** Which datasets the map shows, in which order and which of their rows: as declared, and as the person chose. */
export class Layers {
	readonly #settings: Settings;
	readonly #now: () => Date;
	#datasets: readonly DatasetDto[];
	#declaredThemes: readonly ThemeDto[];
	#user: string;

	constructor(
		settings: Settings,
		{ datasets, themes, userName }: LayersOf,
		now: () => Date = () => new Date(),
	) {
		this.#settings = settings;
		this.#now = now;
		this.#datasets = $state.raw(datasets);
		this.#declaredThemes = $state.raw(themes);
		this.#user = $state(userName);
	}

	get datasets(): readonly DatasetDto[] {
		return this.#datasets;
	}

	/** Takes a new list, after a fetch. */
	take({ datasets, themes, userName }: LayersOf): void {
		this.#datasets = datasets;
		this.#declaredThemes = themes;
		this.#user = userName;
	}

	/** The datasets of a group, topmost first: in the person's order, or as declared. */
	inGroup(group: LayerGroup): DatasetDto[] {
		const own = this.#settings.values.layerOrder;
		const place = new Map(own.map((id, index) => [id, index]));
		return this.#datasets
			.filter((dataset) => dataset.group === group)
			.sort((a, b) => (place.get(a.id) ?? -1) - (place.get(b.id) ?? -1) || b.order - a.order);
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
		return this.theme?.isNetworkFirst ?? false;
	}

	/** The chips: declared themes, then those that the person saved. */
	get themes(): readonly LayerTheme[] {
		return themesOf(this.#declaredThemes, this.#settings.values.themes);
	}

	/** The theme that is shown now, when it is one. */
	get theme(): LayerTheme | null {
		const { shown } = this;
		return this.themes.find((theme) => isWhole(theme, this.#datasets, shown)) ?? null;
	}

	/** The groups that the person ordered, each with its datasets from the top. */
	get orders(): readonly (readonly string[])[] {
		const own = new Set(this.#settings.values.layerOrder);
		return layerGroups
			.map((group) => this.inGroup(group).map((dataset) => dataset.id))
			.filter((ids) => ids.some((id) => own.has(id)));
	}

	/** The filters that are put on. */
	get filters(): readonly ActiveFilter[] {
		return activeFilters(this.#settings.values.filters, this.#datasets, this.#now());
	}

	/** The filters as the map applies them. */
	get rowFilters(): readonly RowFilter[] {
		return this.filters.map(({ dataset, filter, value }) => ({
			dataset: dataset.id,
			kind: filter.kind,
			field: filter.field,
			by: filter.by,
			value,
			user: this.#user,
			takesMissing: filter.takesMissing,
		}));
	}

	/** The filters as the core takes them. */
	get chosenFilters(): ChosenFilterDto[] {
		return this.filters.map(({ dataset, filter, value }) => ({
			dataset: dataset.id,
			filter: filter.id,
			value,
		}));
	}

	/** Switches one. */
	toggle(dataset: DatasetDto): void {
		this.#switch(new Map([[dataset.id, !this.isShown(dataset)]]));
	}

	/** Shows what a theme shows and nothing else. */
	choose(theme: LayerTheme): void {
		this.#switch(new Map(this.#datasets.map(({ id }) => [id, theme.datasets.has(id)])));
	}

	/** Saves what is shown as a theme; false for a name that is empty or taken by a declared one. */
	saveTheme(text: string): boolean {
		const name = text.trim().slice(0, THEME_NAME_MAX);
		const isTaken = this.themes.some((theme) => !theme.isSaved && theme.name === name);
		if (name === "" || isTaken) return false;
		const others = this.#settings.values.themes.filter((theme) => theme.name !== name);
		this.#settings.change({ themes: [...others, { name, datasets: [...this.shown] }] });
		return true;
	}

	/** Takes a saved theme away, and gives back what brings it back. */
	removeTheme(theme: LayerTheme): () => void {
		const before = this.#settings.values.themes;
		this.#settings.change({ themes: before.filter((saved) => saved.name !== theme.name) });
		return () => this.#settings.change({ themes: before });
	}

	/** Moves a dataset up or down in its group; false when it is at the end. */
	move(dataset: DatasetDto, by: 1 | -1): boolean {
		const ids = this.#groupOf(dataset);
		const at = ids.indexOf(dataset.id);
		const target = at + by;
		if (target < 0 || target >= ids.length) return false;
		this.#reorder(ids, at, target);
		return true;
	}

	/** Puts a dataset where another of its group stands. */
	moveTo(dataset: DatasetDto, other: DatasetDto): void {
		const ids = this.#groupOf(dataset);
		const [at, target] = [ids.indexOf(dataset.id), ids.indexOf(other.id)];
		if (target >= 0 && target !== at) this.#reorder(ids, at, target);
	}

	/** The value that a filter is set to, or null when it is off. */
	valueOf(dataset: DatasetDto, filter: FilterDto): string | null {
		const found = this.filters.find(
			(active) => active.dataset.id === dataset.id && active.filter.id === filter.id,
		);
		return found?.value ?? null;
	}

	/** Whether some rows of a dataset are left out. */
	isFiltered(dataset: DatasetDto): boolean {
		return this.filters.some((active) => active.dataset.id === dataset.id);
	}

	/** Puts a filter on, with a value or with the one it begins with. */
	setFilter(dataset: DatasetDto, filter: FilterDto, value: string | null = null): void {
		const chosen = {
			dataset: dataset.id,
			filter: filter.id,
			value: value ?? firstValue(filter, this.#now()),
		};
		const others = this.#settings.values.filters.filter(
			(one) => one.dataset !== dataset.id || one.filter !== filter.id,
		);
		this.#settings.change({ filters: [...others, chosen] });
	}

	/** Takes one filter of a dataset off, or all of them. */
	clearFilter(dataset: DatasetDto, filter: FilterDto | null = null): void {
		const kept = this.#settings.values.filters.filter(
			(one) => one.dataset !== dataset.id || (filter !== null && one.filter !== filter.id),
		);
		this.#settings.change({ filters: kept });
	}

	/** A dataset by id. */
	find(id: string): DatasetDto | undefined {
		return this.#datasets.find((dataset) => dataset.id === id);
	}

	#groupOf(dataset: DatasetDto): string[] {
		const group = layerGroups.find((name) => name === dataset.group);
		return group ? this.inGroup(group).map(({ id }) => id) : [];
	}

	#reorder(ids: readonly string[], at: number, target: number): void {
		const moved = [...ids];
		moved.splice(target, 0, ...moved.splice(at, 1));
		const others = this.#settings.values.layerOrder.filter((id) => !ids.includes(id));
		this.#settings.change({ layerOrder: [...others, ...moved] });
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

/** What of a session is about layers. */
interface LayersOf {
	readonly datasets: readonly DatasetDto[];
	readonly themes: readonly ThemeDto[];
	readonly userName: string;
}

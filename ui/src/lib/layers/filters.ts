import type { ChosenFilterDto, DatasetDto, FilterDto } from "../core/bindings";
import { titleText } from "../words/format";

/** The years that a date filter may be set to. */
export const YEARS = { least: 1900, most: 2100 } as const;

/** A filter that is put on, with its declaration. */
export interface ActiveFilter {
	readonly dataset: DatasetDto;
	readonly filter: FilterDto;
	readonly value: string;
}

/** What a filter begins with when it is put on. */
export function firstValue(filter: FilterDto, now: Date): string {
	if (filter.kind === "mine_today") return startOfDay(now);
	return filter.preset !== "" ? filter.preset : (filter.values[0]?.code ?? "");
}

/** The moment that the reader's day began, as the core writes moments. */
export function startOfDay(now: Date): string {
	return new Date(now.getFullYear(), now.getMonth(), now.getDate()).toISOString();
}

/** A year as it was typed, or null when it is none. */
export function yearOf(text: string): string | null {
	const year = Number(text.trim());
	return Number.isInteger(year) && year >= YEARS.least && year <= YEARS.most ? String(year) : null;
}

/** The filters that are put on and still declared. What "today" is follows the clock. */
export function activeFilters(
	chosen: readonly ChosenFilterDto[],
	datasets: readonly DatasetDto[],
	now: Date,
): ActiveFilter[] {
	return chosen.flatMap(({ dataset: id, filter: filterId, value }) => {
		const dataset = datasets.find((one) => one.id === id);
		const filter = dataset?.filters.find((one) => one.id === filterId);
		if (!dataset || !filter) return [];
		return [{ dataset, filter, value: filter.kind === "mine_today" ? startOfDay(now) : value }];
	});
}

/** A filter in words: `Motionerad före 2020`, `Läge: Stängd`, `Mina i dag`. */
export function filterText(filter: FilterDto, value: string): string {
	const name = titleText(filter.title);
	if (filter.kind === "before_year") return `${name} ${value}`;
	if (filter.kind === "mine_today") return name;
	const known = filter.values.find((one) => one.code === value);
	return `${name}: ${known ? titleText(known.title) : value}`;
}

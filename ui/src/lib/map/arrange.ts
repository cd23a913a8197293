import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";
import { all, DATASET_KEY, text } from "./style/parts";

/** A filter that is put on, in the words of the tiles. */
export interface RowFilter {
	readonly dataset: string;
	readonly kind: string;
	readonly field: string;
	readonly by: string;
	readonly value: string;
	readonly user: string;
	/** Rows without a value are shown, too. */
	readonly takesMissing: boolean;
}

/** How the person has arranged the layers. */
export interface Arrangement {
	/** Groups in an order of their own, each with its datasets from the top. */
	readonly orders: readonly (readonly string[])[];
	readonly filters: readonly RowFilter[];
}

/** A style's layers in the person's order and with the person's filters. */
export function arrange(
	layers: readonly LayerSpecification[],
	{ orders, filters }: Arrangement,
): LayerSpecification[] {
	const ordered = orders.reduce((before, order) => ordering(before, order), [...layers]);
	return ordered.map((layer) => filtered(layer, filters));
}

/**
 * Puts the layers of some datasets into an order among the places that they take together. Texts keep to the places of
 * texts, so that no line is drawn over a name.
 */
function ordering(layers: readonly LayerSpecification[], order: readonly string[]): LayerSpecification[] {
	const next = [...layers];
	const bottomFirst = [...order].reverse();
	for (const isText of [true, false]) {
		const slots = next.flatMap((layer, index) =>
			order.includes(datasetOf(layer)) && isTextOnly(layer) === isText ? [index] : [],
		);
		const sorted = bottomFirst.flatMap((dataset) =>
			slots.flatMap((slot) => {
				const layer = layers[slot];
				return layer && datasetOf(layer) === dataset ? [layer] : [];
			}),
		);
		for (const [index, slot] of slots.entries()) {
			const layer = sorted[index];
			if (layer) next[slot] = layer;
		}
	}
	return next;
}

/** A layer of live tiles with the filters of its dataset. */
function filtered(layer: LayerSpecification, filters: readonly RowFilter[]): LayerSpecification {
	if (!("source" in layer) || layer.source !== "live") return layer;
	const own = filters.filter((filter) => filter.dataset === datasetOf(layer)).map(condition);
	if (own.length === 0) return layer;
	const before = "filter" in layer ? [layer.filter] : [];
	// Both are expressions: the style has no filters of the older kind.
	const filter = all(...([...before, ...own] as ExpressionSpecification[])) as FilterSpecification;
	return { ...layer, filter };
}

/** A filter as an expression. Dates are texts whose order is theirs. */
export function condition(filter: RowFilter): ExpressionSpecification {
	const value = text(filter.field);
	const holds = conditionOf(filter, value);
	const isMissing: ExpressionSpecification = ["==", value, ""];
	return filter.takesMissing ? ["any", isMissing, holds] : all(["!=", value, ""], holds);
}

function conditionOf(filter: RowFilter, value: ExpressionSpecification): ExpressionSpecification {
	switch (filter.kind) {
		case "before_year":
			return ["<", value, filter.value];
		case "mine_today": {
			const isToday: ExpressionSpecification = [">=", value, filter.value];
			return filter.by === "" ? isToday : all(isToday, ["==", text(filter.by), filter.user]);
		}
		default:
			return ["==", value, filter.value];
	}
}

function datasetOf(layer: LayerSpecification): string {
	const metadata: unknown = layer.metadata;
	const dataset =
		typeof metadata === "object" && metadata !== null
			? (metadata as Record<string, unknown>)[DATASET_KEY]
			: undefined;
	return typeof dataset === "string" ? dataset : "";
}

function isTextOnly(layer: LayerSpecification): boolean {
	return layer.type === "symbol" && layer.layout?.["icon-image"] === undefined;
}

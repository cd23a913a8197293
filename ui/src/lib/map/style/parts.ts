import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";

/** Names of the bundled fonts, as the style's `font-faces` lists them. */
export const fonts = {
	regular: "Plex Regular",
	medium: "Plex Medium",
	semibold: "Plex SemiBold",
	bold: "Plex Bold",
	italic: "Plex Italic",
	mediumItalic: "Plex Medium Italic",
} as const;

/** Key of the layer metadata that says which dataset switches the layer. */
export const DATASET_KEY = "faltkarta:dataset";
/** Key of the layer metadata that marks a zone's fill: at most three are drawn at a time. */
export const ZONE_FILL_KEY = "faltkarta:zone-fill";
/** Key of the layer metadata that marks every layer of a zone: they are dimmed while another zone is looked at. */
export const ZONE_KEY = "faltkarta:zone";
/** Key of the layer metadata that says how the layer gives way to the pipes, or stands in for what does. */
export const NETWORK_KEY = "faltkarta:network";
/** With the pipes hidden or shown; while the pipes are what the map is looked at for, or not. */
export type NetworkRule = "hidden" | "shown" | "first" | "not-first";

/** A value of the feature. */
export const get = (field: string): ExpressionSpecification => ["get", field];
/** A text value of the feature, empty when it has none. */
export const text = (field: string): ExpressionSpecification => ["to-string", ["get", field]];
/** Whether a field has one of some values. */
export const isOne = (field: string, ...values: string[]): ExpressionSpecification => [
	"in",
	["get", field],
	["literal", values],
];
/** Whether all of some conditions hold. */
export const all = (...conditions: ExpressionSpecification[]): ExpressionSpecification => [
	"all",
	...conditions,
];
/** Whether a condition does not hold. */
export const not = (condition: ExpressionSpecification): ExpressionSpecification => ["!", condition];

/** A figure that grows straight between zoom stops. */
export function byZoom(
	...stops: readonly (readonly [zoom: number, value: number | ExpressionSpecification])[]
): ExpressionSpecification {
	return ["interpolate", ["linear"], ["zoom"], ...stops.flat()] as ExpressionSpecification;
}

/** A line width that doubles with each zoom between stops, as a ground width does. */
export function byGround(
	...stops: readonly (readonly [zoom: number, value: number | ExpressionSpecification])[]
): ExpressionSpecification {
	return ["interpolate", ["exponential", 1.7], ["zoom"], ...stops.flat()] as ExpressionSpecification;
}

/** Picks a value by a text field. */
export function byValue<Value extends string | number | ExpressionSpecification>(
	field: string,
	cases: readonly (readonly [values: string | readonly string[], value: Value])[],
	otherwise: Value,
): ExpressionSpecification {
	const arms = cases.flatMap(([values, value]) => [typeof values === "string" ? values : [...values], value]);
	return ["match", ["to-string", ["get", field]], ...arms, otherwise] as unknown as ExpressionSpecification;
}

/** Dash lengths in pixels at the given width, in the line widths that MapLibre counts in. */
export function dash(widthPx: number, ...lengthsPx: number[]): number[] {
	return lengthsPx.map((length) => Math.round((length / widthPx) * 100) / 100);
}

/**
 * A layer without its source. Paint and layout are checked against the style specification by a test,
 * which also sees what types cannot: the expressions' own types and the zooms.
 */
export interface LayerPart {
	readonly id: string;
	readonly type: "fill" | "line" | "symbol" | "circle";
	readonly minzoom?: number;
	readonly maxzoom?: number;
	readonly filter?: FilterSpecification;
	readonly layout?: object;
	readonly paint?: object;
	readonly metadata?: object;
}

/** A layer of the base map package, zoom 5–14 and drawn larger beyond. */
export function base(dataset: string, layer: LayerPart): LayerSpecification {
	return {
		...layer,
		source: "base",
		"source-layer": dataset,
		metadata: { ...layer.metadata, [DATASET_KEY]: dataset },
	};
}

/** A layer of the live tiles, zoom 12–16 and drawn larger beyond. */
export function live(dataset: string, layer: LayerPart): LayerSpecification {
	return {
		...layer,
		source: "live",
		"source-layer": dataset,
		metadata: { ...layer.metadata, [DATASET_KEY]: dataset },
	};
}

/** A layer of a plan or zone. */
export function zone(dataset: string, layer: LayerPart): LayerSpecification {
	return live(dataset, { ...layer, metadata: { ...layer.metadata, [ZONE_KEY]: true } });
}

/** Conditions as a filter. */
export const where = (...conditions: ExpressionSpecification[]): FilterSpecification =>
	conditions.length === 1 && conditions[0] ? conditions[0] : ["all", ...conditions];

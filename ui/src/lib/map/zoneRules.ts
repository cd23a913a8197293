import type { LayerSpecification } from "maplibre-gl";

/** How the zones on the map share the eye. */
export interface ZoneChoice {
	/** Datasets whose zones keep their fill before others, in this order. */
	readonly first: readonly string[];
	/** The dataset of the one zone that is looked at: it alone is filled, and the rest is dimmed. */
	readonly chosen: string | null;
}

/** More fills than this hide each other and the map under them. */
const N_FILLS_MAX = 3;
/** How much of a dimmed zone is left. */
const DIMMED = 0.3;

/** Which of the datasets that are drawn, lowest first, keep their zones' fill; others are outlines only. */
export function filledZones(drawn: readonly string[], { first, chosen }: ZoneChoice): ReadonlySet<string> {
	if (chosen !== null) return new Set(drawn.filter((dataset) => dataset === chosen));
	const preferred = first.filter((dataset) => drawn.includes(dataset));
	return new Set([...new Set([...preferred, ...drawn])].slice(0, N_FILLS_MAX));
}

const opacityNames = {
	fill: ["fill-opacity"],
	line: ["line-opacity"],
	circle: ["circle-opacity", "circle-stroke-opacity"],
	symbol: ["icon-opacity", "text-opacity"],
} as const;
type OpacityName = (typeof opacityNames)[keyof typeof opacityNames][number];

/** The opacities of a zone's layer, as the style has them or dimmed. Undefined is the style's own default. */
export function opacitiesOf(
	layer: LayerSpecification,
	isDimmed: boolean,
): readonly (readonly [name: OpacityName, value: number | undefined])[] {
	if (!(layer.type in opacityNames)) return [];
	const paint = ("paint" in layer ? layer.paint : {}) as Readonly<Record<string, unknown>> | undefined;
	return opacityNames[layer.type as keyof typeof opacityNames].map((name) => {
		const given = paint?.[name];
		const value = typeof given === "number" ? given : undefined;
		return [name, isDimmed ? (value ?? 1) * DIMMED : value];
	});
}

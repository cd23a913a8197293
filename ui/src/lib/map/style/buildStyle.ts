import type { StyleSpecification } from "maplibre-gl";
import type { Palette } from "../palette";
import { comparison } from "./comparison";
import { drawing } from "./drawing";
import { ground, property, ways } from "./ground";
import { highlights, highlightSources } from "./highlights";
import { labels } from "./labels";
import { fittings, pipeLabels, pipes } from "./pipes";
import { zoneLabels, zones } from "./zones";

/** Addresses that the style points at. */
export interface StyleAddresses {
	/** Template of base map tiles. */
	readonly base: string;
	/** Template of live tiles, with their version. */
	readonly live: string;
	/** Address of each font file by the name that layers use. */
	readonly fonts: Readonly<Record<string, string>>;
}

/** The whole style of the map: one table, drawn in the palette that is given. No sprite, no glyph server. */
export function buildStyle(palette: Palette, addresses: StyleAddresses): StyleSpecification {
	return {
		version: 8,
		name: "Fältkarta",
		"font-faces": addresses.fonts,
		sources: {
			base: { type: "vector", tiles: [addresses.base], minzoom: 5, maxzoom: 14 },
			live: { type: "vector", tiles: [addresses.live], minzoom: 12, maxzoom: 16 },
			...highlightSources(),
		},
		layers: [
			...ground(palette),
			...zones(palette).filter((layer) => layer.id.startsWith("provision")),
			...ways(palette),
			...property(palette),
			...zones(palette).filter((layer) => !layer.id.startsWith("provision")),
			...pipes(palette),
			...fittings(palette).filter((layer) => !layer.id.endsWith("-name")),
			...labels(palette),
			...zoneLabels(palette),
			...pipeLabels(palette),
			...fittings(palette).filter((layer) => layer.id.endsWith("-name")),
			...drawing(palette),
			...highlights(palette),
			...comparison(palette),
		],
	};
}

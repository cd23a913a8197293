import { geoJSONToTile, type GeoJSONVTTile } from "@maplibre/geojson-vt";
import { fromGeojsonVt } from "@maplibre/vt-pbf";
import type { Town } from "./town";

/** Datasets of the base map package; the rest is live. */
const baseDatasets = [
	"land_cover",
	"watercourse",
	"contour",
	"road",
	"railway",
	"trakt",
	"place",
	"municipality",
];

/** Cuts the invented town into vector tiles, as the core's `tile:` scheme would answer. */
export function fakeTile(town: Town, path: string): ArrayBuffer {
	const [kind, z, x, y] = readPath(path);
	const layers: Record<string, GeoJSONVTTile> = {};
	for (const [dataset, collection] of Object.entries(town)) {
		if (baseDatasets.includes(dataset) !== (kind === "base")) continue;
		const features = {
			type: "FeatureCollection",
			features: collection.features,
		} as unknown as GeoJSON.FeatureCollection;
		const tile = geoJSONToTile(features, z, x, y, {
			extent: 4096,
			buffer: 64,
			tolerance: 1,
			maxZoom: 24,
			clip: true,
		}) as GeoJSONVTTile | null;
		if (tile && tile.features.length > 0) layers[dataset] = tile;
	}
	// As the core does: one point for each parcel, in one tile only.
	if (kind === "live" && layers["parcel"]) layers["parcel_label"] = layers["parcel"];
	const bytes = fromGeojsonVt(layers, { version: 2, extent: 4096 });
	return bytes.slice().buffer;
}

function readPath(path: string): [kind: "base" | "live", z: number, x: number, y: number] {
	const parts = path.replace(/^[^:]*:\/\//, "").split("/");
	const [z = 0, x = 0, y = 0] = parts.slice(-3).map(Number);
	return [parts[0] === "base" ? "base" : "live", z, x, y];
}

import { metresPerPixel, toLngLat } from "./lngLat";

/** The zoom that an accuracy's size in pixels is told for; the style halves it for each step out. */
export const ACCURACY_ZOOM = 22;

/** One of the shapes that are held beside each other. */
export interface Compared {
	readonly side: "base" | "store" | "candidate" | "other";
	/** The letter that the list has too. */
	readonly letter: string;
	/** What stands beside the letter; empty for nothing. */
	readonly label: string;
	readonly geometryJson: string;
	/** A point on it. */
	readonly lonDeg: number;
	readonly latDeg: number;
	readonly accuracyM: number | null;
}

/** What the map draws for shapes that are compared: outlines, dotted moves from the base, accuracies and letters. */
export function comparedFeatures(compared: readonly Compared[]): GeoJSON.FeatureCollection {
	const base = compared.find((one) => one.side === "base");
	const features: GeoJSON.Feature[] = [];
	for (const one of compared) {
		const properties = { side: one.side };
		const point: GeoJSON.Point = { type: "Point", coordinates: toLngLat(one) };
		// The core's answer; its shape is Rust's promise.
		const geometry = JSON.parse(one.geometryJson) as GeoJSON.Geometry;
		if (geometry.type !== "Point")
			features.push({ type: "Feature", geometry, properties: { ...properties, part: "shape" } });
		if (base && one !== base && one.side !== "other" && geometry.type === "Point")
			features.push({
				type: "Feature",
				geometry: { type: "LineString", coordinates: [toLngLat(base), toLngLat(one)] },
				properties: { ...properties, part: "move" },
			});
		if (one.accuracyM !== null)
			features.push({
				type: "Feature",
				geometry: point,
				properties: {
					...properties,
					part: "accuracy",
					radiusPx: one.accuracyM / metresPerPixel(ACCURACY_ZOOM, one.latDeg),
				},
			});
		features.push({
			type: "Feature",
			geometry: point,
			properties: { ...properties, part: "mark", letter: one.letter, label: one.label },
		});
	}
	return { type: "FeatureCollection", features };
}

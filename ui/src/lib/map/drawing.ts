import { toLngLat } from "./lngLat";

interface Place {
	readonly lonDeg: number;
	readonly latDeg: number;
}

/** What is being measured, as the map draws it. */
export interface Drawn {
	/** The places, with whether something holds each. */
	readonly places: readonly (Place & { readonly isHeld: boolean; readonly isLive: boolean })[];
	/** Whether the last place is joined to the first. */
	readonly isArea: boolean;
	/** Whether the boundary crosses itself. */
	readonly isWrong: boolean;
	/** Where the way to a boundary ends. */
	readonly nearest: Place | null;
	/** An area that was selected by, as GeoJSON text. */
	readonly areaJson: string | null;
}

/** Nothing. */
export const nothingDrawn: Drawn = {
	places: [],
	isArea: false,
	isWrong: false,
	nearest: null,
	areaJson: null,
};

/** The lines, corners and areas of what is being measured. */
export function drawnFeatures(drawn: Drawn): GeoJSON.FeatureCollection {
	const path = drawn.places.map(toLngLat);
	const features: GeoJSON.Feature[] = [];
	const add = (part: string, geometry: GeoJSON.Geometry, more: GeoJSON.GeoJsonProperties = {}) =>
		features.push({ type: "Feature", properties: { part, ...more }, geometry });
	if (drawn.areaJson) add("zone", JSON.parse(drawn.areaJson) as GeoJSON.Geometry);
	const [first] = path;
	if (drawn.isArea && first && path.length > 2)
		add(drawn.isWrong ? "wrong" : "area", { type: "Polygon", coordinates: [[...path, first]] });
	if (path.length > 1) add("line", { type: "LineString", coordinates: path });
	const last = path.at(-1);
	if (drawn.nearest && last) {
		const end = toLngLat(drawn.nearest);
		add("line", { type: "LineString", coordinates: [last, end] });
		add("end", { type: "Point", coordinates: end });
	}
	for (const [index, at] of path.entries()) {
		const next = path[index + 1];
		if (next) add("middle", { type: "Point", coordinates: [(at[0] + next[0]) / 2, (at[1] + next[1]) / 2] });
	}
	for (const place of drawn.places)
		add(place.isHeld ? "held" : place.isLive ? "live" : "corner", {
			type: "Point",
			coordinates: toLngLat(place),
		});
	return { type: "FeatureCollection", features };
}

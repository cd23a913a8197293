import type { BoundsDto, PointDto } from "../bindings";
import { pointAt } from "./projection";

/** A feature of the invented town. */
export interface TownFeature {
	readonly type: "Feature";
	readonly properties: Readonly<Record<string, string | number | boolean | null>>;
	readonly geometry: GeoJSON.Geometry;
}

/** The invented town: features by dataset id. */
export type Town = Readonly<Record<string, { readonly features: readonly TownFeature[] }>>;

/** All features of a dataset. */
export function allOf(town: Town, dataset: string): readonly TownFeature[] {
	return town[dataset]?.features ?? [];
}

/** One feature by its id. */
export function featureOf(town: Town, dataset: string, id: string): TownFeature | undefined {
	return allOf(town, dataset).find((feature) => feature.properties["id"] === id);
}

/** Every corner of a geometry. */
export function corners(geometry: GeoJSON.Geometry): GeoJSON.Position[] {
	switch (geometry.type) {
		case "Point":
			return [geometry.coordinates];
		case "LineString":
		case "MultiPoint":
			return geometry.coordinates;
		case "Polygon":
		case "MultiLineString":
			return geometry.coordinates.flat();
		case "MultiPolygon":
			return geometry.coordinates.flat(2);
		case "GeometryCollection":
			return geometry.geometries.flatMap(corners);
	}
}

/** The rectangle around a geometry. */
export function boundsOf(geometry: GeoJSON.Geometry): BoundsDto {
	const all = corners(geometry);
	const lons = all.map(([lon = 0]) => lon);
	const lats = all.map(([, lat = 0]) => lat);
	return {
		westDeg: Math.min(...lons),
		eastDeg: Math.max(...lons),
		southDeg: Math.min(...lats),
		northDeg: Math.max(...lats),
	};
}

/** A point on a geometry: the middle of its rectangle, or the middle corner of a line. */
export function pointOn(geometry: GeoJSON.Geometry): PointDto {
	if (geometry.type === "LineString") {
		const [lon = 0, lat = 0] = geometry.coordinates[Math.floor(geometry.coordinates.length / 2)] ?? [];
		return pointAt(lon, lat);
	}
	const bounds = boundsOf(geometry);
	return pointAt((bounds.westDeg + bounds.eastDeg) / 2, (bounds.southDeg + bounds.northDeg) / 2);
}

/** How far a point is from a geometry in metres; 0 inside an area. */
export function distanceM(geometry: GeoJSON.Geometry, lonDeg: number, latDeg: number): number {
	const perLat = 111_320;
	const perLon = 111_320 * Math.cos((latDeg * Math.PI) / 180);
	const local = ([lon = 0, lat = 0]: GeoJSON.Position): [number, number] => [
		(lon - lonDeg) * perLon,
		(lat - latDeg) * perLat,
	];
	const toPath = (path: GeoJSON.Position[]) => {
		let least = Number.POSITIVE_INFINITY;
		for (let index = 1; index < path.length; index++) {
			const [ax, ay] = local(path[index - 1] ?? []);
			const [bx, by] = local(path[index] ?? []);
			const length = (bx - ax) ** 2 + (by - ay) ** 2;
			const along = length === 0 ? 0 : Math.max(0, Math.min(1, -(ax * (bx - ax) + ay * (by - ay)) / length));
			least = Math.min(least, Math.hypot(ax + along * (bx - ax), ay + along * (by - ay)));
		}
		return least;
	};
	const isInside = (ring: GeoJSON.Position[]) => {
		let inside = false;
		for (let index = 1; index < ring.length; index++) {
			const [ax, ay] = local(ring[index - 1] ?? []);
			const [bx, by] = local(ring[index] ?? []);
			if (ay > 0 !== by > 0 && 0 < ax + (-ay / (by - ay)) * (bx - ax)) inside = !inside;
		}
		return inside;
	};
	switch (geometry.type) {
		case "Point":
			return Math.hypot(...local(geometry.coordinates));
		case "LineString":
			return toPath(geometry.coordinates);
		case "Polygon":
			return geometry.coordinates.filter(isInside).length % 2 === 1
				? 0
				: Math.min(...geometry.coordinates.map(toPath));
		case "MultiPolygon":
			return Math.min(
				...geometry.coordinates.map((coordinates) =>
					distanceM({ type: "Polygon", coordinates }, lonDeg, latDeg),
				),
			);
		case "MultiLineString":
			return Math.min(...geometry.coordinates.map(toPath));
		case "MultiPoint":
		case "GeometryCollection":
			return Number.POSITIVE_INFINITY;
	}
}

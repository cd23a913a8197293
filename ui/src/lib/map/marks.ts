import { toLngLat } from "./lngLat";

/** A number on the map that a list shows too. */
export interface Mark {
	readonly number: number;
	readonly state: "saved_here" | "received" | "secured" | "attention" | "hit" | "chosen";
	readonly lonDeg: number;
	readonly latDeg: number;
}

/** What the map draws for numbers. Those at one and the same place count their slots, to stand beside each other. */
export function markFeatures(marks: readonly Mark[]): GeoJSON.FeatureCollection {
	const taken = new Map<string, number>();
	return {
		type: "FeatureCollection",
		features: marks.map((mark) => {
			// The sixth decimal of a degree is a tenth of a metre.
			const spot = toLngLat(mark)
				.map((degrees) => degrees.toFixed(6))
				.join();
			const slot = taken.get(spot) ?? 0;
			taken.set(spot, slot + 1);
			return {
				type: "Feature",
				geometry: { type: "Point", coordinates: toLngLat(mark) },
				properties: { number: mark.number, state: mark.state, slot },
			};
		}),
	};
}

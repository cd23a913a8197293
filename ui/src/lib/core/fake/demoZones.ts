import { allOf, type Town } from "./town";

/** Where the invented water works serve: a ring of longitude and latitude around the lots. */
const serviceRing: readonly (readonly [lonDeg: number, latDeg: number])[] = [
	[15.034493, 59.520194],
	[15.034493, 59.519797],
	[15.034568, 59.519703],
	[15.03589, 59.519575],
	[15.035816, 59.519325],
	[15.035518, 59.519343],
	[15.035406, 59.519206],
	[15.035145, 59.519088],
	[15.035052, 59.518153],
	[15.035192, 59.518049],
	[15.036263, 59.517983],
	[15.037381, 59.517907],
	[15.039616, 59.517538],
	[15.039784, 59.51759],
	[15.040119, 59.518049],
	[15.040036, 59.518143],
	[15.039616, 59.518285],
	[15.039467, 59.518332],
	[15.03971, 59.518639],
	[15.040315, 59.518677],
	[15.040436, 59.518417],
	[15.04066, 59.518398],
	[15.041479, 59.518474],
	[15.041666, 59.520194],
	[15.034493, 59.520194],
];

/** The drawn town with the zones that are not in its drawing, and without the one that its answers do not tell of. */
export function withZones(town: Town): Town {
	return {
		...town,
		protected_area: {
			features: allOf(town, "protected_area").filter((zone) => zone.properties["zone"] !== "sekundär"),
		},
		// Every third valve was exercised long ago.
		valve: {
			features: allOf(town, "valve").map((valve, index) => ({
				...valve,
				properties: {
					...valve.properties,
					senast_motionerad: index % 3 === 0 ? "2017-06-12" : "2024-09-03",
				},
			})),
		},
		va_service_area: {
			features: [
				{
					type: "Feature",
					properties: { id: "va_service_area-1", name: "Verksamhetsområde VA" },
					geometry: { type: "Polygon", coordinates: [serviceRing.map(([lon, lat]) => [lon, lat])] },
				},
			],
		},
	};
}

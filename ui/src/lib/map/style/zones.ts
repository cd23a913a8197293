import type { LayerSpecification } from "maplibre-gl";
import { provisionColors, type Palette } from "../palette";
import { byValue, byZoom, dash, fonts, get, isOne, text, where, zone, ZONE_FILL_KEY } from "./parts";

const zoneFill = { metadata: { [ZONE_FILL_KEY]: true } };

/** Plans, protection zones and ancient remains: pattern first, hue second, outline always. */
export function zones(p: Palette): LayerSpecification[] {
	const patternFill = (id: string, dataset: string, pattern: string, filter?: ReturnType<typeof where>) =>
		zone(dataset, {
			id,
			type: "fill",
			...zoneFill,
			...(filter ? { filter } : {}),
			paint: { "fill-pattern": pattern, "fill-opacity": p.zoneOpacity },
		});
	const hazard = (dataset: string, name: string, color: string) => [
		patternFill(name, dataset, `pattern-${name}`, where(["==", ["geometry-type"], "Polygon"])),
		zone(dataset, {
			id: `${name}-line`,
			type: "line",
			filter: where(["!=", ["geometry-type"], "Point"]),
			paint: { "line-color": color, "line-width": 1.4 },
		}),
	];
	return [
		zone("plan_provision", {
			id: "provision",
			type: "fill",
			...zoneFill,
			filter: where(["==", get("kind"), "användningsbestämmelse"]),
			paint: {
				"fill-color": byValue("color", provisionColors, "#D9D9D9"),
				"fill-opacity": p.provisionOpacity,
			},
		}),
		patternFill(
			"provision-dots",
			"plan_provision",
			"pattern-dots",
			where(["==", get("kind"), "egenskapsbestämmelse"]),
		),
		zone("plan_provision", {
			id: "provision-line",
			type: "line",
			paint: { "line-color": p.plan, "line-width": 1 },
		}),
		patternFill("shore-zone", "shore_protection", "pattern-shore"),
		zone("shore_protection", {
			id: "shore-zone-line",
			type: "line",
			layout: { "line-cap": "round" },
			paint: { "line-color": p.shoreZone, "line-width": 2, "line-dasharray": [0.01, 2.4] },
		}),
		patternFill(
			"water-zone",
			"protected_area",
			"pattern-water-primary",
			where(["==", get("kind"), "Vattenskyddsområde"], ["!=", get("zone"), "sekundär"]),
		),
		patternFill(
			"water-zone-outer",
			"protected_area",
			"pattern-water-secondary",
			where(["==", get("kind"), "Vattenskyddsområde"], ["==", get("zone"), "sekundär"]),
		),
		patternFill(
			"nature-zone",
			"protected_area",
			"pattern-nature",
			where(isOne("kind", "Naturreservat", "Natura 2000")),
		),
		zone("protected_area", {
			id: "protected-line",
			type: "line",
			paint: {
				"line-color": byValue("kind", [["Vattenskyddsområde", p.waterZone]], p.natureZone),
				"line-width": byValue("zone", [["sekundär", 1.4]], 2),
			},
		}),
		zone("protected_area", {
			id: "nature-ticks",
			type: "line",
			filter: where(isOne("kind", "Naturreservat", "Natura 2000")),
			paint: { "line-color": p.natureZone, "line-width": 5, "line-offset": 3, "line-dasharray": [0.3, 2] },
		}),
		...hazard("contaminated_site", "contaminated", p.contaminated),
		...hazard("landslide_zone", "landslide", p.landslide),
		...hazard("flood_zone", "flood", p.flood),
		...["contaminated_site", "well"].map((dataset) =>
			zone(dataset, {
				id: `${dataset}-point`,
				type: "circle",
				filter: where(["==", ["geometry-type"], "Point"]),
				paint: {
					"circle-radius": byZoom([13, 3], [17, 6]),
					"circle-color": dataset === "well" ? p.well : p.contaminated,
					"circle-stroke-color": p.halo,
					"circle-stroke-width": 1.5,
				},
			}),
		),
		zone("operating_area", {
			id: "operating-area-line",
			type: "line",
			paint: { "line-color": p.serviceZone, "line-width": 1.2, "line-dasharray": dash(1.2, 4, 4) },
		}),
		zone("va_service_area", {
			id: "service-area-line",
			type: "line",
			paint: { "line-color": p.serviceZone, "line-width": 1.8, "line-dasharray": dash(1.8, 10, 3) },
		}),
		zone("ancient_remains", {
			id: "remains-area",
			type: "fill",
			...zoneFill,
			filter: where(["==", ["geometry-type"], "Polygon"]),
			paint: { "fill-pattern": "pattern-remains", "fill-opacity": p.zoneOpacity },
		}),
		zone("ancient_remains", {
			id: "remains-line",
			type: "line",
			filter: where(["!=", ["geometry-type"], "Point"]),
			paint: { "line-color": p.remains, "line-width": 1.6 },
		}),
		zone("ancient_remains", {
			id: "remains-error",
			type: "circle",
			minzoom: 14,
			filter: where(["==", ["geometry-type"], "Point"]),
			paint: {
				// The stated error as a ring of true size: 0.604 m per pixel at z16 in latitude 59.6.
				"circle-radius": [
					"interpolate",
					["exponential", 2],
					["zoom"],
					14,
					["/", ["to-number", get("uncertainty"), 0], 2.417],
					18,
					["/", ["to-number", get("uncertainty"), 0], 0.151],
				],
				"circle-color": p.remains,
				"circle-opacity": 0.06,
				"circle-stroke-color": p.remains,
				"circle-stroke-width": 1.6,
			},
		}),
		zone("plan", {
			id: "plan-casing",
			type: "line",
			paint: { "line-color": p.planCasing, "line-width": 5, "line-opacity": 0.9 },
		}),
		zone("plan", {
			id: "plan-line",
			type: "line",
			layout: { "line-join": "round" },
			paint: { "line-color": p.plan, "line-width": 2.4, "line-dasharray": [6.7, 2.1, 0.8, 2.1, 0.8, 2.1] },
		}),
	];
}

/** Letters and names of plans and zones. */
export function zoneLabels(p: Palette): LayerSpecification[] {
	const along = (id: string, dataset: string, color: string) =>
		zone(dataset, {
			id,
			type: "symbol",
			minzoom: 13,
			layout: {
				"symbol-placement": "line",
				"symbol-spacing": 420,
				"text-field": text("name"),
				"text-font": [fonts.medium],
				"text-size": 12,
				"text-offset": [0, 0.9],
			},
			paint: { "text-color": color, "text-halo-color": p.halo, "text-halo-width": 1.5 },
		});
	return [
		zone("plan_provision", {
			id: "provision-letter",
			type: "symbol",
			minzoom: 15,
			layout: {
				"text-field": text("code"),
				"text-font": [fonts.semibold],
				"text-size": byZoom([15, 12], [18, 16]),
			},
			paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 1.5 },
		}),
		zone("ancient_remains", {
			id: "remains",
			type: "symbol",
			filter: where(["==", ["geometry-type"], "Point"]),
			layout: { "icon-image": "remains", "icon-allow-overlap": true },
		}),
		along("plan-name", "plan", p.plan),
		along("protected-name", "protected_area", p.textNature),
	];
}

import type { LayerSpecification } from "maplibre-gl";
import type { Palette } from "../palette";
import {
	base,
	byZoom,
	fonts,
	get,
	isOne,
	type LayerPart,
	live,
	NETWORK_KEY,
	type NetworkRule,
	text,
	where,
} from "./parts";

/** Names on the map. Later layers are placed first: nature gives way to house numbers, those to parcels, and so on. */
export function labels(p: Palette): LayerSpecification[] {
	const halo = { "text-halo-color": p.halo, "text-halo-width": 1.5 };
	const property = { "text-color": p.textProperty, ...halo };
	const place = { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 2 };
	const parcelLabel = (layer: LayerPart) => ({
		...live("parcel", layer),
		"source-layer": "parcel_label",
	});
	const rule = (name: NetworkRule) => ({ [NETWORK_KEY]: name });
	const street = {
		type: "symbol",
		minzoom: 14.5,
		filter: where(["!=", text("name"), ""]),
		layout: {
			"symbol-placement": "line",
			"symbol-spacing": 320,
			"text-field": text("name"),
			"text-font": [
				"match",
				get("kind"),
				["Huvudgata", "Landsväg", "Motorväg", "Motortrafikled"],
				["literal", [fonts.semibold]],
				["literal", [fonts.medium]],
			],
			"text-size": ["match", get("kind"), ["Huvudgata", "Landsväg"], 13.5, 12.5],
			"text-max-angle": 40,
		},
		paint: { "text-color": p.text, ...halo },
	} as const;
	return [
		base("place", {
			id: "place-nature",
			type: "symbol",
			minzoom: 12,
			filter: where(["==", get("kind"), "NATTX"]),
			layout: {
				"text-field": text("name"),
				"text-font": [fonts.italic],
				"text-size": 12.5,
				"text-max-width": 7,
			},
			paint: { "text-color": p.textNature, ...halo },
		}),
		live("address", {
			id: "house-number",
			type: "symbol",
			minzoom: 16,
			layout: {
				"text-field": text("house_number"),
				"text-font": [fonts.medium],
				"text-size": byZoom([16, 9.5], [18.5, 13]),
				"text-padding": 0,
			},
			paint: { "text-color": p.text },
		}),
		parcelLabel({
			id: "parcel-number",
			type: "symbol",
			minzoom: 16,
			layout: {
				"text-field": text("etikett"),
				"text-font": [fonts.regular],
				"text-size": byZoom([16, 12], [18.5, 15]),
				"text-variable-anchor": ["center", "top", "bottom", "left", "right"],
				"text-radial-offset": 0.7,
				"text-padding": 1,
			},
			paint: property,
		}),
		{
			...live("trakt", {
				id: "block-name",
				type: "symbol",
				minzoom: 15,
				maxzoom: 17.5,
				layout: {
					"text-field": ["upcase", text("name")],
					"text-font": [fonts.mediumItalic],
					"text-size": byZoom([15, 10.5], [16, 12]),
					"text-letter-spacing": 0.18,
					"text-variable-anchor": ["center", "top", "bottom"],
					"text-radial-offset": 0.6,
				},
				paint: property,
			}),
			"source-layer": "trakt_label",
		},
		base("trakt", {
			id: "trakt-name",
			type: "symbol",
			minzoom: 14.5,
			maxzoom: 17.5,
			layout: {
				"text-field": ["upcase", text("name")],
				"text-font": [fonts.mediumItalic],
				"text-size": 12,
				"text-letter-spacing": 0.18,
				// One polygon gives a name in each tile that it reaches into.
				"text-padding": 60,
			},
			paint: property,
		}),
		base("road", { ...street, id: "street-name", metadata: rule("hidden") }),
		// Beside the street, so that the pipes in it are read.
		base("road", {
			...street,
			id: "street-name-beside",
			metadata: rule("shown"),
			layout: {
				...street.layout,
				"text-offset": [
					"interpolate",
					["linear"],
					["zoom"],
					14.5,
					["literal", [0, -0.7]],
					16,
					["literal", [0, -1.25]],
					17,
					["literal", [0, -1.8]],
					18.5,
					["literal", [0, -3]],
				],
			},
		}),
		base("road", {
			id: "road-number",
			type: "symbol",
			minzoom: 9,
			maxzoom: 15,
			filter: where(["!=", text("number"), ""], isOne("kind", "Landsväg", "Motorväg", "Motortrafikled")),
			layout: {
				"symbol-placement": "line",
				"symbol-spacing": 360,
				"text-field": text("number"),
				"text-font": [fonts.semibold],
				"text-size": 12,
				"text-rotation-alignment": "viewport",
			},
			paint: { "text-color": p.text, ...halo },
		}),
		base("watercourse", {
			id: "watercourse-name",
			type: "symbol",
			minzoom: 12,
			filter: where(["!=", text("name"), ""], ["==", get("kind"), "Vattendrag"]),
			layout: {
				"symbol-placement": "line",
				"symbol-spacing": 420,
				"text-field": text("name"),
				"text-font": [fonts.mediumItalic],
				"text-size": 12.5,
				"text-letter-spacing": 0.04,
			},
			paint: { "text-color": p.textWater, ...halo },
		}),
		base("place", {
			id: "place-water",
			type: "symbol",
			minzoom: 8,
			filter: where(["==", get("kind"), "VATTTX"]),
			layout: {
				"text-field": text("name"),
				"text-font": [fonts.mediumItalic],
				"text-size": byZoom([8, 12], [16, 15]),
				"text-max-width": 7,
				// Thousands of lakes have names: from afar a few of them are enough.
				"text-padding": byZoom([8, 70], [10, 34], [12, 8], [14, 2]),
			},
			paint: { "text-color": p.textWater, ...halo },
		}),
		base("place", {
			id: "place-farm",
			type: "symbol",
			minzoom: 13,
			filter: where(isOne("kind", "GARDTX", "BEBTX")),
			layout: {
				"text-field": text("name"),
				"text-font": [fonts.medium],
				"text-size": 12.5,
				"text-max-width": 8,
			},
			paint: { "text-color": p.text, ...halo },
		}),
		base("place", {
			id: "place-village",
			type: "symbol",
			minzoom: 11,
			maxzoom: 16,
			filter: where(["==", get("kind"), "BYTX"]),
			layout: {
				"text-field": text("name"),
				"text-font": [fonts.medium],
				"text-size": byZoom([11, 12], [16, 15]),
			},
			paint: place,
		}),
		base("place", {
			id: "place-town",
			type: "symbol",
			minzoom: 5,
			maxzoom: 15.5,
			filter: where(["==", get("kind"), "TATTX"]),
			layout: {
				"text-field": text("name"),
				"text-font": [fonts.semibold],
				"text-size": byZoom([5, 12], [8, 13], [15, 19]),
			},
			paint: place,
		}),
	];
}

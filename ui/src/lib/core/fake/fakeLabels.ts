import type { FactDto } from "../bindings";
import type { TownFeature } from "./town";

/** A property of a feature as text, empty when there is none. */
export function propertyText(feature: TownFeature | undefined, field: string): string {
	const value = feature?.properties[field];
	return value === undefined || value === null ? "" : String(value);
}

function capital(word: string): string {
	return word.charAt(0) + word.slice(1).toLocaleLowerCase("sv");
}

/** Designation of a property. */
export function designation(parcel: TownFeature): string {
	return `${capital(propertyText(parcel, "trakt"))} ${propertyText(parcel, "etikett")}`;
}

/** How a feature is called. */
export function labelOf(dataset: string, feature: TownFeature): string {
	switch (dataset) {
		case "parcel":
			return designation(feature);
		case "address":
			return `${propertyText(feature, "_street")} ${propertyText(feature, "house_number")}`;
		case "building":
			return propertyText(feature, "name") || propertyText(feature, "kind");
		case "valve":
			return `Ventil ${propertyText(feature, "nummer")}`;
		case "hydrant":
			return `Brandpost ${propertyText(feature, "nummer")}`;
		case "manhole":
			return `Brunn ${propertyText(feature, "nummer")}`;
		case "water_pipe":
		case "sewer_pipe":
		case "storm_pipe":
			return `${propertyText(feature, "klass")} ${propertyText(feature, "dimension")} ${propertyText(feature, "material")}`;
		case "service_pipe":
			return `Servis ${propertyText(feature, "klass")} ${propertyText(feature, "dimension")}`;
		case "service_connection":
			return "Förbindelsepunkt";
		case "shore_protection":
			return "Strandskydd 100 m";
		case "plan_provision":
			return `Planbestämmelse ${propertyText(feature, "code")}`;
		case "ancient_remains":
			return "L2026:1234 Hyttlämning";
		default:
			return propertyText(feature, "name") || propertyText(feature, "namn") || dataset;
	}
}

const factTitles: Readonly<Record<string, readonly [sv: string, en: string, unit: string]>> = {
	kind: ["Typ", "Type", ""],
	nummer: ["Nummer", "Number", ""],
	typ: ["Typ", "Type", ""],
	lage: ["Läge", "Position", ""],
	normallage: ["Normalläge", "Normal position", ""],
	funktion: ["Funktion", "Function", ""],
	klass: ["Klass", "Class", ""],
	dimension: ["Dimension", "Dimension", "mm"],
	material: ["Material", "Material", ""],
	anlaggningsar: ["Anlagd", "Built", ""],
	status: ["Status", "Status", ""],
	lagesklass: ["Lägesklass", "Position class", ""],
	lagesfel_m: ["Lägesfel", "Position error", "m"],
	lock_ok: ["Lock helt", "Cover sound", ""],
	osakertlage: ["Osäkert läge", "Uncertain position", ""],
	zone: ["Zon", "Zone", ""],
	assessment: ["Bedömning", "Assessment", ""],
	uncertainty: ["Lägesosäkerhet", "Position uncertainty", "m"],
};

/** The facts of a card. */
export function factsOf(dataset: string, feature: TownFeature, isOwn: boolean): FactDto[] {
	return Object.entries(factTitles)
		.filter(([field]) => propertyText(feature, field) !== "" && !(dataset === "parcel" && field === "kind"))
		.map(([field, [sv, en, unit]]) => {
			const raw = propertyText(feature, field);
			const isFlag = typeof feature.properties[field] === "boolean";
			return {
				field,
				title: { sv, en },
				value: { sv: raw, en: raw },
				raw,
				valueType: isFlag ? "bool" : typeof feature.properties[field] === "number" ? "int" : "text",
				unit,
				ownEdit: isOwn && field === "funktion" ? "saved_here" : "",
			};
		});
}

import type { DutiesDto, DutyDto, LoadDutiesInput, TitleDto } from "../bindings";
import { propertyText } from "./fakeLabels";
import { pointAt } from "./projection";
import { allOf, distanceM, type Town } from "./town";

/** Farther from a street than this nobody of the street is asked. */
const STREET_M = 60;

const title = (sv: string, en: string): TitleDto => ({ sv, en });

const plain: DutyDto = {
	duty: "",
	title: title("", ""),
	who: "",
	note: "",
	phone: "",
	hours: "",
	email: "",
	distanceM: 0,
	what: "",
	dataset: "",
	id: "",
	publisher: "Egen data",
	dataDate: "2026-05-18",
	isContactKnown: true,
};

/** Who has which duty at a point of the invented town. */
export function dutiesAt(town: Town, { lonDeg, latDeg }: LoadDutiesInput): DutiesDto {
	const at = pointAt(lonDeg, latDeg);
	const [nearest] = allOf(town, "road")
		.map((road) => ({ road, awayM: distanceM(road.geometry, lonDeg, latDeg) }))
		.sort((a, b) => a.awayM - b.awayM);
	if (!nearest || nearest.awayM > STREET_M) return { at, municipality: "Nora", duties: [] };
	const { road, awayM } = nearest;
	const street = {
		distanceM: awayM,
		what: `${propertyText(road, "name")}, ${propertyText(road, "kind").replace(/ (stor|liten)$/, "")}`,
		dataset: "road",
		id: propertyText(road, "id"),
		publisher: "NVDB",
		dataDate: "2026-05-11",
	};
	const isState = propertyText(road, "kind") === "Landsväg";
	const office = { phone: "0587-00 00 10", hours: "Vardagar 7–16, jour övrig tid" };
	const pipes = allOf(town, "water_pipe")[0];
	return {
		at,
		municipality: "Nora",
		duties: [
			{
				...plain,
				...street,
				...(isState
					? { who: "Trafikverket", phone: "0771-000 000", hours: "Dygnet runt" }
					: { who: "Nora kommun, gata", ...office, email: "gata@nora.example" }),
				duty: "road",
				title: title("Väghållare", "Road keeper"),
			},
			{
				...plain,
				...street,
				duty: "snow",
				title: title("Snö på gångbana", "Snow on the pavement"),
				who: "Fastighetsägaren",
				note: "Kommunens föreskrift om gångbanerenhållning: ägaren närmast gångbanan sandar och skottar.",
				publisher: "Nora kommun, föreskrift 2018",
				dataDate: "2018-11-26",
				isContactKnown: false,
			},
			{
				...plain,
				...street,
				duty: "light",
				title: title("Belysning", "Street lighting"),
				publisher: "Egen data",
				dataDate: "2026-02-01",
				isContactKnown: false,
			},
			{
				...plain,
				duty: "water",
				title: title("Vatten- och spillvattenledning", "Water and sewer pipes"),
				who: "BKT VA",
				phone: "0587-00 00 20",
				hours: "Dygnet runt",
				note: "Huvudledning och servis fram till förbindelsepunkten.",
				what: "Verksamhetsområde VA",
				dataset: pipes ? "va_service_area" : "",
				id: pipes ? "va_service_area-1" : "",
			},
			{
				...plain,
				duty: "waste",
				title: title("Avfall", "Waste"),
				who: "Bergslagens kommunalteknik, avfall",
				phone: "0587-00 00 30",
				hours: "Vardagar 8–16",
			},
		],
	};
}

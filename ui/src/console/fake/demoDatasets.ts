import type { ConsoleDatasetDto } from "../bindings";

type Row = Pick<ConsoleDatasetDto, "id" | "group" | "role" | "class" | "policy"> & {
	title: string;
	owner: string;
	publisher: string;
	n: number;
	age: number | null;
	limit: number | null;
	laptops: number;
};

const BMB = "BMB";
const VA = "VA-enheten, Samhällsbyggnad Bergslagen";

const rows: readonly Row[] = [
	row("address", "Adresser", "property", "address", BMB, "Lantmäteriet", 22_087, 1, 30, 24),
	row("parcel", "Fastighetsindelning", "property", "parcel", BMB, "Lantmäteriet", 35_133, 12, 30, 24),
	row("building", "Byggnader", "property", "building", BMB, "Lantmäteriet", 56_274, 7, 30, 24),
	row("plan", "Detaljplaner", "plans", "plan", BMB, "Kommunerna", 214, 0, 60, 24),
	row("shore_protection", "Strandskydd", "plans", "restriction_zone", "", "Länsstyrelsen", 1_906, 94, 30, 24),
	row(
		"protected_area",
		"Skyddade områden",
		"plans",
		"restriction_zone",
		BMB,
		"Naturvårdsverket",
		388,
		15,
		90,
		24,
	),
	row("ancient_remains", "Fornlämningar", "plans", "restriction_zone", BMB, "RAÄ", 2_140, 400, 90, 24),
	row("road", "Vägar (NVDB)", "background", "road", BMB, "Trafikverket", 41_827, 8, null, 24),
	row("contour", "Höjdkurvor", "background", "other", BMB, "Lantmäteriet", 18_002, 800, null, 24),
	{
		...row("water_pipe", "Vattenledningar", "va", "water_pipe", VA, "VA-enheten", 9_124, 1, 14, 6),
		class: "protected",
	},
	{
		...row("sewer_pipe", "Spillvattenledningar", "va", "sewer_pipe", VA, "VA-enheten", 5_207, 1, 14, 6),
		class: "protected",
	},
	{
		...row("valve", "Ventiler", "va", "valve", VA, "VA-enheten", 4_319, 1, 14, 6),
		class: "protected",
		policy: "direct",
	},
	{
		...row("hydrant", "Brandposter", "va", "hydrant", VA, "VA-enheten", 640, 1, 14, 6),
		class: "protected",
		policy: "direct",
	},
	{
		...row("inspection", "Kontroller", "work", "inspection", BMB, "BMB", 0, null, null, 0),
		class: "internal",
		policy: "direct",
	},
];

export function demoDatasets(): ConsoleDatasetDto[] {
	return rows.map((it) => ({
		id: it.id,
		title: { sv: it.title, en: it.title },
		group: it.group,
		role: it.role,
		ownerBody: it.owner,
		ownerContact: it.owner === BMB ? "geodata@bmb.example" : it.owner === "" ? "" : "ledningsnat@va.example",
		publisher: it.publisher,
		class: it.class,
		licence: it.class === "open" ? "CC BY 4.0" : "Intern",
		policy: it.policy,
		nFeatures: it.n,
		dataDate: it.age === null ? null : dayBefore("2026-05-19", it.age),
		ageDays: it.age,
		maxAgeDays: it.limit,
		nLaptops: it.laptops,
	}));
}

function row(
	id: string,
	title: string,
	group: string,
	role: string,
	owner: string,
	publisher: string,
	n: number,
	age: number | null,
	limit: number | null,
	laptops: number,
): Row {
	return {
		id,
		title,
		group,
		role,
		class: "open",
		policy: "read_only",
		owner,
		publisher,
		n,
		age,
		limit,
		laptops,
	};
}

function dayBefore(day: string, nDays: number): string {
	return new Date(Date.parse(day) - nDays * 86_400_000).toISOString().slice(0, 10);
}

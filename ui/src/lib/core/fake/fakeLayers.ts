import type { DatasetDto, FilterDto, ThemeDto } from "../bindings";

const values = (...all: readonly (readonly [code: string, sv: string, en: string])[]): FilterDto["values"] =>
	all.map(([code, sv, en]) => ({ code, title: { sv, en } }));

/** The filters of the invented datasets, as their declarations say. */
export const demoFilters: Readonly<Record<string, readonly FilterDto[]>> = {
	valve: [
		{
			id: "exercised_before",
			title: { sv: "Motionerad före", en: "Exercised before" },
			kind: "before_year",
			field: "senast_motionerad",
			by: "",
			preset: "2020",
			values: [],
			takesMissing: true,
		},
		{
			id: "function",
			title: { sv: "Funktion", en: "Function" },
			kind: "one_of",
			field: "funktion",
			by: "",
			preset: "ej stängbar",
			values: values(
				["fungerar", "Fungerar", "Works"],
				["trög", "Trög", "Stiff"],
				["ej stängbar", "Ej stängbar", "Cannot close"],
			),
			takesMissing: false,
		},
	],
	hydrant: [
		{
			id: "status",
			title: { sv: "Status", en: "Status" },
			kind: "one_of",
			field: "status",
			by: "",
			preset: "ur funktion",
			values: values(["i drift", "I drift", "In service"], ["ur funktion", "Ur funktion", "Out of order"]),
			takesMissing: false,
		},
	],
	inspection: [
		{
			id: "mine_today",
			title: { sv: "Mina i dag", en: "Mine today" },
			kind: "mine_today",
			field: "completed_at",
			by: "performed_by",
			preset: "",
			values: [],
			takesMissing: false,
		},
	],
};

/** The declared themes, as `data/themes` has them. */
export function demoThemes(datasets: readonly DatasetDto[]): ThemeDto[] {
	const theme = (
		id: string,
		[sv, en]: readonly [string, string],
		shows: (dataset: DatasetDto) => boolean,
		isNetworkFirst = false,
	): ThemeDto => ({
		id,
		title: { sv, en },
		isNetworkFirst,
		datasets: datasets.filter(shows).map((dataset) => dataset.id),
	});
	const isGround = ({ group }: DatasetDto) => ["background", "property", "work"].includes(group);
	return [
		theme(
			"leak",
			["Läcka", "Leak"],
			(it) => (isGround(it) || it.group === "va") && it.id !== "contour",
			true,
		),
		theme(
			"building",
			["Bygglov", "Building permit"],
			(it) => isGround(it) || ["plan", "plan_provision"].includes(it.id),
		),
		theme(
			"shore",
			["Strand", "Shore"],
			(it) => isGround(it) || ["shore_protection", "protected_area"].includes(it.id),
		),
		theme("all", ["Alla", "All"], () => true),
	];
}

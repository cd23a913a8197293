import type { DatasetDto } from "../core/bindings";

/** A ready choice of layers for a kind of work. */
export type ThemeName = "leak" | "building" | "shore" | "all";

export const themeNames: readonly ThemeName[] = ["leak", "building", "shore", "all"];

const ground = ["background"];

/** Whether a theme shows a dataset. Contours give way where pipes are shown. */
export function isInTheme(theme: ThemeName, dataset: DatasetDto): boolean {
	const { group, id } = dataset;
	switch (theme) {
		case "all":
			return true;
		case "leak":
			return id !== "contour" && [...ground, "va", "work", "property"].includes(group);
		case "building":
			return [...ground, "property", "work"].includes(group) || id === "plan" || id === "plan_provision";
		case "shore":
			return (
				[...ground, "property", "work"].includes(group) ||
				id === "shore_protection" ||
				id === "protected_area"
			);
	}
}

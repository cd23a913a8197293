import type { DatasetDto, SavedThemeDto, ThemeDto } from "../core/bindings";
import { titleText } from "../words/format";

/** The longest name that a theme may have. */
export const THEME_NAME_MAX = 24;

/** A choice of layers that a chip stands for: declared, or saved by the person. */
export interface LayerTheme {
	readonly key: string;
	readonly name: string;
	readonly isSaved: boolean;
	readonly isNetworkFirst: boolean;
	readonly datasets: ReadonlySet<string>;
}

/** The declared themes, then those that the person saved. */
export function themesOf(
	declared: readonly ThemeDto[],
	saved: readonly SavedThemeDto[],
): readonly LayerTheme[] {
	return [
		...declared.map((theme) => ({
			key: theme.id,
			name: titleText(theme.title),
			isSaved: false,
			isNetworkFirst: theme.isNetworkFirst,
			datasets: new Set(theme.datasets),
		})),
		...saved.map((theme) => ({
			key: `saved:${theme.name}`,
			name: theme.name,
			isSaved: true,
			isNetworkFirst: false,
			datasets: new Set(theme.datasets),
		})),
	];
}

/** Whether exactly what a theme shows is shown. */
export function isWhole(
	theme: LayerTheme,
	datasets: readonly DatasetDto[],
	shown: ReadonlySet<string>,
): boolean {
	return datasets.every(({ id }) => shown.has(id) === theme.datasets.has(id));
}

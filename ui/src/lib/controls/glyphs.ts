/** Our own drawings where the icon set has none: paths in a box of 24 units, 2 px stroke. */
export const glyphs = {
	valve: "M4 7l16 10V7L4 17z",
	parcel: "M4 6l7-2 9 3-1 12-9 1-6-3z",
	hydrant: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 4v16",
	manhole: "M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
	north: "M12 3l5 17-5-4-5 4z",
} as const;
export type GlyphName = keyof typeof glyphs;

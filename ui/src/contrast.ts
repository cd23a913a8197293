/** Contrast of two colors by WCAG 2.2: 1 to 21. Colors are `#rgb` or `#rrggbb`. */
export function contrast(a: string, b: string): number {
	const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
	return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
	const digits = color.length === 4 ? color.slice(1).replace(/./g, "$&$&") : color.slice(1);
	const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
		const part = Number.parseInt(digits.slice(at, at + 2), 16) / 255;
		return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

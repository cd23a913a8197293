/** A place on the store's grid, in metres. */
export interface Place {
	readonly eastingM: number;
	readonly northingM: number;
}

/** How places are laid out on a strip of the screen: north up, the same scale both ways. */
export interface Layout {
	readonly pxPerM: number;
	/** One for each place, in their order. */
	readonly points: readonly { readonly xPx: number; readonly yPx: number }[];
	/** A round length that fits in a quarter of the strip. */
	readonly barM: number;
	/** Lines of the grid at each [`barM`], in pixels. */
	readonly gridX: readonly number[];
	readonly gridY: readonly number[];
}

/** Free room around the outermost places. */
const MARGIN_PX = 30;
/** A place alone, or places on one spot, are shown with this much around them. */
const LEAST_EXTENT_M = 200;

/** Null without a place, and without room. */
export function layOut(places: readonly Place[], widthPx: number, heightPx: number): Layout | null {
	const [roomX, roomY] = [widthPx - 2 * MARGIN_PX, heightPx - 2 * MARGIN_PX];
	if (places.length === 0 || roomX <= 0 || roomY <= 0) return null;
	const [west, east] = rangeOf(places.map((it) => it.eastingM));
	const [south, north] = rangeOf(places.map((it) => it.northingM));
	const pxPerM = Math.min(
		roomX / Math.max(east - west, LEAST_EXTENT_M),
		roomY / Math.max(north - south, LEAST_EXTENT_M),
	);
	const [middleE, middleN] = [(west + east) / 2, (south + north) / 2];
	const xOf = (eastingM: number) => widthPx / 2 + (eastingM - middleE) * pxPerM;
	const yOf = (northingM: number) => heightPx / 2 - (northingM - middleN) * pxPerM;
	const barM = roundLength(widthPx / 4 / pxPerM);
	return {
		pxPerM,
		points: places.map((it) => ({ xPx: xOf(it.eastingM), yPx: yOf(it.northingM) })),
		barM,
		gridX: multiples(middleE - widthPx / 2 / pxPerM, middleE + widthPx / 2 / pxPerM, barM).map(xOf),
		gridY: multiples(middleN - heightPx / 2 / pxPerM, middleN + heightPx / 2 / pxPerM, barM).map(yOf),
	};
}

function rangeOf(values: readonly number[]): readonly [least: number, greatest: number] {
	return [Math.min(...values), Math.max(...values)];
}

/** The longest of 1, 2 or 5 times a power of ten that is no longer than this. */
function roundLength(mostM: number): number {
	const ten = 10 ** Math.floor(Math.log10(mostM));
	return [5, 2, 1].map((it) => it * ten).find((it) => it <= mostM) ?? ten;
}

function multiples(from: number, to: number, step: number): number[] {
	const first = Math.ceil(from / step);
	const count = Math.max(0, Math.floor(to / step) - first + 1);
	return Array.from({ length: count }, (_, idx) => (first + idx) * step);
}

import { drawImage, IMAGE_RATIO } from "./images";
import type { Palette } from "./palette";
import { pipeClasses } from "./style/pipes";

/** Size of a legend picture in pixels. */
export const SWATCH_PX = { width: 34, height: 22 } as const;

interface Line {
	readonly color: string;
	readonly widthPx: number;
	readonly dashPx?: readonly number[];
}

interface Look {
	readonly ground?: string;
	readonly fill?: string;
	readonly pattern?: string;
	readonly box?: readonly Line[];
	readonly lines?: readonly Line[];
	readonly image?: string;
	readonly text?: { readonly letters: string; readonly color: string; readonly isItalic?: boolean };
}

/** How a dataset is drawn, from the same palette, patterns and pictures as the map's style. */
function lookOf(dataset: string, p: Palette): Look | null {
	const classes = pipeClasses(p);
	const pipe = (name: "water_pipe" | "sewer_pipe" | "storm_pipe"): Look => {
		const [first] = classes[name];
		if (!first) return {};
		return {
			lines: [
				{ color: p.pipeCasing, widthPx: first.widthPx + 2 },
				{ color: first.color, widthPx: first.widthPx, dashPx: first.dashPx },
			],
		};
	};
	const looks: Readonly<Record<string, () => Look>> = {
		inspection: () => ({ image: "inspection" }),
		valve: () => ({ image: "valve-open" }),
		hydrant: () => ({ image: "hydrant" }),
		manhole: () => ({ image: "manhole-SNB" }),
		service_connection: () => ({ image: "connection" }),
		water_installation: () => ({ image: "installation" }),
		ancient_remains: () => ({ image: "remains" }),
		water_pipe: () => pipe("water_pipe"),
		sewer_pipe: () => pipe("sewer_pipe"),
		storm_pipe: () => pipe("storm_pipe"),
		service_pipe: () => ({
			lines: [
				{ color: p.pipeCasing, widthPx: 3.4 },
				{ color: p.water_pipe, widthPx: 1.4 },
			],
		}),
		plan: () => ({
			box: [
				{ color: p.planCasing, widthPx: 5 },
				{ color: p.plan, widthPx: 2, dashPx: [9, 3, 2, 3] },
			],
		}),
		plan_provision: () => ({ fill: "#FFFFCE", box: [{ color: p.plan, widthPx: 1 }] }),
		shore_protection: () => ({
			pattern: "pattern-shore",
			box: [{ color: p.shoreZone, widthPx: 2, dashPx: [2, 3] }],
		}),
		protected_area: () => ({ pattern: "pattern-nature", box: [{ color: p.natureZone, widthPx: 2 }] }),
		address: () => ({
			fill: p.dwelling,
			box: [{ color: p.dwellingLine, widthPx: 1 }],
			text: { letters: "9", color: p.text },
		}),
		parcel: () => ({
			fill: p.built,
			box: [{ color: p.parcel, widthPx: 1 }],
			text: { letters: "1:5", color: p.textProperty },
		}),
		building: () => ({ fill: p.dwelling, box: [{ color: p.dwellingLine, widthPx: 1 }] }),
		place: () => ({ text: { letters: "Abc", color: p.text } }),
		trakt: () => ({ text: { letters: "KV", color: p.textProperty, isItalic: true } }),
		road: () => ({
			lines: [
				{ color: p.highway.casing, widthPx: 10 },
				{ color: p.highway.fill, widthPx: 8 },
			],
		}),
		railway: () => ({
			lines: [
				{ color: p.railway, widthPx: 4 },
				{ color: p.railwayGap, widthPx: 2.4, dashPx: [6, 6] },
			],
		}),
		watercourse: () => ({ lines: [{ color: p.shore, widthPx: 2.2 }] }),
		contour: () => ({ lines: [{ color: p.contour, widthPx: 1.2 }] }),
		land_cover: () => ({ fill: p.forest }),
		municipality: () => ({ lines: [{ color: p.municipality, widthPx: 2, dashPx: [8, 3, 2, 3] }] }),
	};
	return looks[dataset]?.() ?? null;
}

/** Draws the legend picture of a dataset. Answers false for a dataset that the style does not draw. */
export function drawSwatch(canvas: HTMLCanvasElement, dataset: string, palette: Palette): boolean {
	const look = lookOf(dataset, palette);
	const context = canvas.getContext("2d");
	if (!look || !context) return false;
	const { width, height } = SWATCH_PX;
	canvas.width = width * IMAGE_RATIO;
	canvas.height = height * IMAGE_RATIO;
	context.scale(IMAGE_RATIO, IMAGE_RATIO);
	context.fillStyle = look.ground ?? palette.land;
	context.fillRect(0, 0, width, height);
	const box = new Path2D();
	box.rect(4, 3.5, width - 8, height - 7);
	if (look.fill) {
		context.fillStyle = look.fill;
		context.fill(box);
	}
	if (look.pattern) fillPattern(context, box, look.pattern, palette);
	for (const line of look.box ?? []) draw(context, box, line);
	const wave = new Path2D(`M2 ${height - 6}C${width * 0.35} ${height - 7} ${width * 0.5} 6 ${width - 2} 6`);
	for (const line of look.lines ?? []) draw(context, wave, line);
	if (look.image) drawCentered(context, look.image, palette);
	if (look.text) {
		context.fillStyle = look.text.color;
		context.font = `${look.text.isItalic ? "italic " : ""}500 11px 'IBM Plex Sans', sans-serif`;
		context.textAlign = "center";
		context.fillText(look.text.letters, width / 2, height / 2 + 4);
	}
	return true;
}

function draw(context: CanvasRenderingContext2D, path: Path2D, line: Line): void {
	context.strokeStyle = line.color;
	context.lineWidth = line.widthPx;
	context.setLineDash([...(line.dashPx ?? [])]);
	context.stroke(path);
	context.setLineDash([]);
}

function picture(name: string, palette: Palette): OffscreenCanvas | null {
	const image = drawImage(name, palette);
	if (!image) return null;
	const canvas = new OffscreenCanvas(image.width, image.height);
	canvas.getContext("2d")?.putImageData(image, 0, 0);
	return canvas;
}

function fillPattern(context: CanvasRenderingContext2D, path: Path2D, name: string, palette: Palette): void {
	const tile = picture(name, palette);
	const pattern = tile ? context.createPattern(tile, "repeat") : null;
	if (!pattern) return;
	pattern.setTransform(new DOMMatrix().scale(1 / IMAGE_RATIO));
	context.globalAlpha = 0.7;
	context.fillStyle = pattern;
	context.fill(path);
	context.globalAlpha = 1;
}

function drawCentered(context: CanvasRenderingContext2D, name: string, palette: Palette): void {
	const tile = picture(name, palette);
	if (!tile) return;
	const width = tile.width / IMAGE_RATIO;
	const height = tile.height / IMAGE_RATIO;
	context.drawImage(tile, (SWATCH_PX.width - width) / 2, (SWATCH_PX.height - height) / 2, width, height);
}

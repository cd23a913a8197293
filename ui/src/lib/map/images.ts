import type { StyleImageMetadata } from "maplibre-gl";
import type { Palette } from "./palette";

type Context = OffscreenCanvasRenderingContext2D;

interface Drawing {
	/** Size in map pixels; the picture is drawn at twice that. */
	readonly sizePx: readonly [width: number, height: number];
	readonly draw: (context: Context, palette: Palette) => void;
	/** Pixels at each edge that keep their size when the picture is fitted around a text. */
	readonly edgePx?: number;
}

/** Symbols are drawn in a box of 20 units. */
const UNITS = 20;

function symbol(sizePx: number, draw: Drawing["draw"]): Drawing {
	return {
		sizePx: [sizePx, sizePx],
		draw: (context, palette) => {
			context.scale(sizePx / UNITS, sizePx / UNITS);
			context.lineJoin = "round";
			draw(context, palette);
		},
	};
}

function fillAndLine(context: Context, path: Path2D, fill: string, line: string, lineWidth: number): void {
	context.strokeStyle = line;
	context.lineWidth = lineWidth;
	context.stroke(path);
	context.fillStyle = fill;
	context.fill(path);
}

const bowTie = () => new Path2D("M2 4.5v11L18 4.5v11z");

function circle(radius: number, x = 10, y = 10): Path2D {
	const path = new Path2D();
	path.arc(x, y, radius, 0, Math.PI * 2);
	return path;
}

function cross(context: Context, color: string, casing: string): void {
	for (const [style, width] of [
		[casing, 4.4],
		[color, 2.4],
	] as const) {
		context.strokeStyle = style;
		context.lineWidth = width;
		context.lineCap = "round";
		context.stroke(new Path2D("M4 3l12 14M16 3L4 17"));
	}
}

type ValveState = "open" | "closed" | "stuck" | "unknown";

function valve(state: ValveState, framed: boolean): Drawing {
	return symbol(20, (context, p) => {
		if (framed) {
			context.strokeStyle = p.pipeCasing;
			context.lineWidth = 3;
			context.strokeRect(1.2, 1.8, 17.6, 16.4);
			context.strokeStyle = p.water_pipe;
			context.lineWidth = 1.4;
			context.strokeRect(1.2, 1.8, 17.6, 16.4);
		}
		const fill = { open: p.water_pipe, stuck: p.water_pipe, closed: p.closed, unknown: p.pipeCasing }[state];
		fillAndLine(context, bowTie(), fill, p.pipeCasing, 3.2);
		if (state === "unknown") {
			context.strokeStyle = p.water_pipe;
			context.lineWidth = 1.6;
			context.stroke(bowTie());
		}
		if (state === "closed") {
			context.strokeStyle = p.closed;
			context.lineWidth = 2.2;
			context.stroke(new Path2D("M10 3v14"));
		}
		if (state === "stuck") cross(context, p.stuck, p.pipeCasing);
	});
}

function hydrant(variant: "plain" | "over" | "off"): Drawing {
	return symbol(20, (context, p) => {
		fillAndLine(context, circle(7), p.water_pipe, p.pipeCasing, 3.2);
		context.fillStyle = p.pipeCasing;
		context.fill(new Path2D("M10 4.4a5.6 5.6 0 0 1 0 11.2z"));
		if (variant === "over") {
			context.fillStyle = p.water_pipe;
			context.fill(new Path2D("M6 .6h8v2.6H6z"));
		}
		if (variant === "off") cross(context, p.stuck, p.pipeCasing);
	});
}

function manhole(kind: "SNB" | "DNB" | "VNB" | "TB" | "DB", isBad: boolean): Drawing {
	return symbol(18, (context, p) => {
		const color = {
			SNB: p.sewer_pipe,
			DNB: p.storm_pipe,
			VNB: p.water_pipe,
			TB: p.sewer_pipe,
			DB: p.storm_pipe,
		}[kind];
		const square = new Path2D("M5 5h10v10H5z");
		const shape = kind === "DB" ? square : circle(kind === "TB" ? 3.5 : 5.5);
		context.strokeStyle = p.pipeCasing;
		context.lineWidth = 4.4;
		context.stroke(shape);
		context.fillStyle = p.pipeCasing;
		context.fill(shape);
		context.strokeStyle = color;
		context.lineWidth = 2;
		context.stroke(shape);
		if (isBad) fillAndLine(context, new Path2D("M15 0.8l4.4 7.6h-8.8z"), p.badge, p.pipeCasing, 1.4);
	});
}

function letterBox(letter: string, color: (p: Palette) => string): Drawing {
	return symbol(20, (context, p) => {
		fillAndLine(context, new Path2D("M2 2h16v16H2z"), p.halo, color(p), 3);
		context.fillStyle = color(p);
		context.font = "700 13px 'IBM Plex Sans', sans-serif";
		context.textAlign = "center";
		context.fillText(letter, 10, 14.6);
	});
}

/** A tile that repeats: drawn nine times over its edges, so that strokes meet. */
function pattern(
	widthPx: number,
	heightPx: number,
	color: (p: Palette) => string,
	draw: (context: Context) => void,
): Drawing {
	return {
		sizePx: [widthPx, heightPx],
		draw: (context, palette) => {
			context.strokeStyle = color(palette);
			context.fillStyle = color(palette);
			for (const dx of [-widthPx, 0, widthPx]) {
				for (const dy of [-heightPx, 0, heightPx]) {
					context.save();
					context.translate(dx, dy);
					draw(context);
					context.restore();
				}
			}
		},
	};
}

function stroke(context: Context, path: string, lineWidth: number): void {
	context.lineWidth = lineWidth;
	context.stroke(new Path2D(path));
}

function mark(fill: (p: Palette) => string, line: (p: Palette) => string): Drawing {
	return {
		sizePx: [32, 32],
		draw: (context, p) => {
			fillAndLine(context, circle(13, 16, 16), fill(p), line(p), 6);
			context.lineWidth = 1;
		},
	};
}

function compared(fill: (p: Palette) => string): Drawing {
	return {
		sizePx: [38, 38],
		draw: (context, p) => {
			fillAndLine(context, circle(15, 19, 19), fill(p), p.comparedCasing, 6);
		},
	};
}

const drawings: Readonly<Record<string, Drawing>> = {
	"valve-open": valve("open", false),
	"valve-closed": valve("closed", false),
	"valve-stuck": valve("stuck", false),
	"valve-unknown": valve("unknown", false),
	"valve-open-framed": valve("open", true),
	"valve-closed-framed": valve("closed", true),
	"valve-stuck-framed": valve("stuck", true),
	"valve-unknown-framed": valve("unknown", true),
	hydrant: hydrant("plain"),
	"hydrant-over": hydrant("over"),
	"hydrant-off": hydrant("off"),
	"manhole-SNB": manhole("SNB", false),
	"manhole-DNB": manhole("DNB", false),
	"manhole-VNB": manhole("VNB", false),
	"manhole-TB": manhole("TB", false),
	"manhole-DB": manhole("DB", false),
	"manhole-SNB-bad": manhole("SNB", true),
	"manhole-DNB-bad": manhole("DNB", true),
	"manhole-VNB-bad": manhole("VNB", true),
	"manhole-TB-bad": manhole("TB", true),
	"manhole-DB-bad": manhole("DB", true),
	connection: symbol(14, (context, p) => {
		const diamond = new Path2D("M10 3.5l6.5 6.5-6.5 6.5L3.5 10z");
		fillAndLine(context, diamond, p.pipeCasing, p.pipeCasing, 5);
		context.strokeStyle = p.water_pipe;
		context.lineWidth = 2.2;
		context.stroke(diamond);
	}),
	installation: symbol(22, (context, p) => {
		fillAndLine(context, new Path2D("M2.5 2.5h15v15h-15z"), p.water_pipe, p.pipeCasing, 2.4);
		context.fillStyle = p.pipeCasing;
		context.fill(new Path2D("M10 5.4l4.8 8.6H5.2z"));
	}),
	remains: letterBox("R", (p) => p.remains),
	inspection: symbol(18, (context, p) => {
		fillAndLine(context, new Path2D("M4 3.5h12v14H4z"), p.halo, p.text, 3);
		context.strokeStyle = p.text;
		context.lineWidth = 1.8;
		context.stroke(new Path2D("M7 9.5l2.2 2.2L13 7.5M7 14.5h6"));
	}),
	crossed: symbol(10, (context, p) => {
		context.strokeStyle = p.pipeCasing;
		context.lineWidth = 6;
		context.stroke(new Path2D("M4 4l12 12M16 4L4 16"));
		context.strokeStyle = p.abandoned;
		context.lineWidth = 3;
		context.stroke(new Path2D("M4 4l12 12M16 4L4 16"));
	}),
	flow: symbol(11, (context, p) => {
		context.strokeStyle = p.pipeCasing;
		context.lineWidth = 7;
		context.stroke(new Path2D("M6 3l8 7-8 7"));
		context.strokeStyle = p.sewer_pipe;
		context.lineWidth = 3.4;
		context.stroke(new Path2D("M6 3l8 7-8 7"));
	}),
	"flow-pressure": symbol(12, (context, p) =>
		fillAndLine(context, new Path2D("M4 3l13 7-13 7z"), p.sewer_pipe, p.pipeCasing, 3),
	),
	pin: {
		sizePx: [30, 38],
		draw: (context, p) => {
			const drop = new Path2D("M15 36S28 23 28 14a13 13 0 0 0-26 0c0 9 13 22 13 22z");
			context.lineJoin = "round";
			fillAndLine(context, drop, p.pick, p.pickCasing, 3);
			context.fillStyle = p.pickCasing;
			context.fill(circle(4.6, 15, 14));
		},
	},
	"mark-saved_here": mark(
		(p) => p.saved,
		(p) => p.pickCasing,
	),
	"mark-received": mark(
		(p) => p.received,
		(p) => p.receivedLine,
	),
	"mark-secured": mark(
		(p) => p.secured,
		(p) => p.securedLine,
	),
	"mark-hit": mark(
		(p) => p.disc,
		(p) => p.onDisc,
	),
	"mark-chosen": {
		sizePx: [40, 40],
		draw: (context, p) => fillAndLine(context, circle(16, 20, 20), p.pick, p.pickCasing, 7),
	},
	"mark-attention": {
		sizePx: [34, 32],
		draw: (context, p) => {
			context.lineJoin = "round";
			fillAndLine(context, new Path2D("M17 4l13 24H4z"), p.conflictFill, p.conflict, 5);
		},
	},
	"compared-base": compared((p) => p.comparedBase),
	"compared-store": compared((p) => p.comparedStore),
	"compared-candidate": compared((p) => p.pick),
	"compared-other": compared((p) => p.comparedStore),
	"drawn-corner": { sizePx: [14, 14], draw: (context, p) => square(context, p.drawnCasing, p.drawn) },
	"drawn-held": { sizePx: [14, 14], draw: (context, p) => square(context, p.pick, p.pickCasing) },
	"compared-label": {
		sizePx: [20, 20],
		edgePx: 6,
		draw: (context, p) => {
			const box = new Path2D();
			box.roundRect(1, 1, 18, 18, 4);
			context.fillStyle = p.halo;
			context.fill(box);
			context.strokeStyle = p.text;
			context.lineWidth = 1.4;
			context.stroke(box);
		},
	},
	"pattern-shore": pattern(
		14,
		14,
		(p) => p.shoreZone,
		(c) => stroke(c, "M-2 16L16-2", 2.2),
	),
	"pattern-nature": pattern(
		16,
		16,
		(p) => p.natureZone,
		(c) => stroke(c, "M-2-2L18 18", 1.4),
	),
	"pattern-remains": pattern(
		8,
		8,
		(p) => p.remains,
		(c) => stroke(c, "M4-1V9", 1.2),
	),
	"pattern-water-primary": pattern(
		16,
		16,
		(p) => p.waterZone,
		(c) => stroke(c, "M0 8q4-5 8 0t8 0", 1.6),
	),
	"pattern-water-secondary": pattern(
		24,
		24,
		(p) => p.waterZone,
		(c) => stroke(c, "M0 12q6-6 12 0t12 0", 1.6),
	),
	"pattern-contaminated": pattern(
		18,
		18,
		(p) => p.contaminated,
		(c) => stroke(c, "M9 5.5L12.5 12h-7z", 1.4),
	),
	"pattern-landslide": pattern(
		8,
		8,
		(p) => p.landslide,
		(c) => stroke(c, "M-2-2L10 10M-2 10L10-2", 1),
	),
	"pattern-flood": pattern(
		6,
		6,
		(p) => p.flood,
		(c) => stroke(c, "M-1 3H7", 1.2),
	),
	"pattern-dots": pattern(
		9,
		9,
		(p) => p.plan,
		(c) => c.fill(circle(1.3, 4.5, 4.5)),
	),
	"pattern-wetland": pattern(
		20,
		12,
		(p) => p.wetland,
		(c) => stroke(c, "M1 3h8M11 9h8", 1.5),
	),
};

/** A corner of what is being measured: 10 px, with a border. */
function square(context: OffscreenCanvasRenderingContext2D, fill: string, line: string): void {
	context.fillStyle = fill;
	context.fillRect(2, 2, 10, 10);
	context.strokeStyle = line;
	context.lineWidth = 2;
	context.strokeRect(2, 2, 10, 10);
}

/** Names of every picture that the style may ask for. */
export const imageNames: readonly string[] = Object.keys(drawings);

/** How many picture pixels there are to one map pixel. */
export const IMAGE_RATIO = 2;

/** How the map shall take a picture: its ratio, and what of it stretches around a text. */
export function imageOptions(name: string): Partial<StyleImageMetadata> {
	const drawing = drawings[name];
	if (drawing?.edgePx === undefined) return { pixelRatio: IMAGE_RATIO };
	const [width, height] = drawing.sizePx.map((size) => size * IMAGE_RATIO) as [number, number];
	const edge = drawing.edgePx * IMAGE_RATIO;
	return {
		pixelRatio: IMAGE_RATIO,
		stretchX: [[edge, width - edge]],
		stretchY: [[edge, height - edge]],
		content: [edge / 2, edge / 2, width - edge / 2, height - edge / 2],
	};
}

/** Draws one picture of the style, or answers null for a name that the style does not know. */
export function drawImage(name: string, palette: Palette): ImageData | null {
	const drawing = drawings[name];
	if (!drawing) return null;
	const [width, height] = drawing.sizePx.map((size) => size * IMAGE_RATIO) as [number, number];
	const context = new OffscreenCanvas(width, height).getContext("2d");
	if (!context) return null;
	context.scale(IMAGE_RATIO, IMAGE_RATIO);
	drawing.draw(context, palette);
	return context.getImageData(0, 0, width, height);
}

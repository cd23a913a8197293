import {
	addProtocol,
	LngLat,
	Map as MapLibreMap,
	setWorkerUrl,
	type GeoJSONSource,
	type LayerSpecification,
	type MapMouseEvent,
	type VectorTileSource,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import italicUrl from "@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-400-italic.woff2?url";
import regularUrl from "@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-400-normal.woff2?url";
import mediumItalicUrl from "@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-500-italic.woff2?url";
import mediumUrl from "@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-500-normal.woff2?url";
import semiboldUrl from "@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-600-normal.woff2?url";
import boldUrl from "@fontsource/ibm-plex-sans/files/ibm-plex-sans-latin-700-normal.woff2?url";
import type { BoundsDto, ViewDto } from "../core/bindings";
import { LOADED_TILE_PROTOCOL, type Core } from "../core/core";
import { arrange, type Arrangement } from "./arrange";
import { comparedFeatures, type Compared } from "./compared";
import { drawnFeatures, type Drawn } from "./drawing";
import { drawImage, imageNames, imageOptions } from "./images";
import { metresPerPixel, toLngLat, toLngLatBounds } from "./lngLat";
import { markFeatures, type Mark } from "./marks";
import { palettes, type Mode } from "./palette";
import { buildStyle } from "./style/buildStyle";
import { DATASET_KEY, fonts, NETWORK_KEY, type NetworkRule, ZONE_FILL_KEY, ZONE_KEY } from "./style/parts";
import { filledZones, opacitiesOf, type ZoneChoice } from "./zoneRules";

/** A place that was pointed at. */
export interface Spot {
	readonly lonDeg: number;
	readonly latDeg: number;
	/** The reach of the pointer in metres on the ground. */
	readonly radiusM: number;
	/** Where it is in the map's box, in pixels. */
	readonly xPx: number;
	readonly yPx: number;
	/** Whether the person asked for exactly this place, and nothing that lies near. */
	readonly isFree?: boolean;
}

/** Whom the map tells what happens in it. */
export interface MapListener {
	readonly onmove: (view: ViewDto) => void;
	readonly onpointer: (spot: Spot | null) => void;
	readonly onclick: (spot: Spot) => void;
	readonly ondouble: () => void;
	readonly onmenu: (spot: Spot) => void;
}

/** What of the map is seen. */
export interface Shown {
	/** Ids of the datasets whose layers are shown. */
	readonly datasets: ReadonlySet<string>;
	/** Ids of all datasets that can be switched. */
	readonly listed: ReadonlySet<string>;
	/** Whether any pipes are shown: street names then stand beside the street. */
	readonly hasNetwork: boolean;
	/** Whether the pipes are what the map is looked at for: the ground then gives way. */
	readonly isNetworkFirst: boolean;
	/** Which zones come before others. */
	readonly zones: ZoneChoice;
	/** In which order, and which of their rows. */
	readonly arrangement: Arrangement;
}

/** What the map starts with. */
export interface MapOptions {
	readonly core: Core;
	readonly mode: Mode;
	readonly tileVersion: number;
	readonly view: ViewDto;
	readonly label: string;
	readonly listener: MapListener;
}

/** Free space around a place that is shown: 24 px, and 76 px where the map's buttons stand. */
const FIT_PADDING = { top: 24, bottom: 24, left: 24, right: 76 } as const;
/** The longest flight; farther than three views away the map jumps. */
const FLIGHT_MS = 600;
const LONG_PRESS_MS = 550;
/** How long the map is left alone after the person has moved it. */
const HANDS_OFF_MS = 3000;

setWorkerUrl(new URL(workerUrl, location.href).href);

const fontUrls: Readonly<Record<string, string>> = {
	[fonts.regular]: regularUrl,
	[fonts.medium]: mediumUrl,
	[fonts.semibold]: semiboldUrl,
	[fonts.bold]: boldUrl,
	[fonts.italic]: italicUrl,
	[fonts.mediumItalic]: mediumItalicUrl,
};

/** The one keeper of the map: nobody else adds, moves or removes anything in it. */
export class FieldMap {
	readonly #map: MapLibreMap;
	readonly #core: Core;
	readonly #listener: MapListener;
	#mode: Mode;
	#tileVersion: number;
	#shown: Shown | null = null;
	#hitRadiusPx = 12;
	#movesGently = true;
	#touchedAtMs = Number.NEGATIVE_INFINITY;
	/** What the program has put in its own sources: a new style begins with them empty. */
	readonly #data = new Map<string, GeoJSON.FeatureCollection>();
	/** Resolves when the map has drawn everything once. */
	readonly ready: Promise<void>;

	constructor(container: HTMLElement, options: MapOptions) {
		this.#core = options.core;
		this.#listener = options.listener;
		this.#mode = options.mode;
		this.#tileVersion = options.tileVersion;
		const loadTile = options.core.loadTile?.bind(options.core);
		if (loadTile)
			addProtocol(LOADED_TILE_PROTOCOL, async (request) => ({ data: await loadTile(request.url) }));
		this.#map = new MapLibreMap({
			container,
			style: this.#style(),
			center: toLngLat(options.view),
			zoom: options.view.zoom,
			minZoom: 5,
			maxZoom: 20,
			attributionControl: false,
			dragRotate: false,
			pitchWithRotate: false,
			touchPitch: false,
			keyboard: false,
			fadeDuration: 0,
			maxTileCacheSize: 64,
			renderWorldCopies: false,
			locale: { "Map.Title": options.label },
		});
		this.#map.touchZoomRotate.disableRotation();
		this.#map.on("styleimagemissing", (event) => this.#addImage(event.id));
		this.#map.on("style.load", () => {
			for (const name of imageNames) this.#addImage(name);
			this.#applyShown();
			for (const [source, data] of this.#data) this.#setData(source, data);
		});
		this.#map.on("move", () => this.#listener.onmove(this.view));
		this.#map.on("load", () => this.#listener.onmove(this.view));
		this.#watchPointer();
		this.ready = new Promise((resolve) => {
			this.#map.once("idle", () => resolve());
		});
	}

	/** The foreign machine itself, for tests that read from it. */
	get machine(): MapLibreMap {
		return this.#map;
	}

	/** Where the map looks. */
	get view(): ViewDto {
		const center = this.#map.getCenter();
		return { lonDeg: center.lng, latDeg: center.lat, zoom: this.#map.getZoom() };
	}

	/** The middle of the map as a spot. */
	get crosshair(): Spot {
		const canvas = this.#map.getCanvas();
		return this.#spot(this.#map.getCenter(), canvas.clientWidth / 2, canvas.clientHeight / 2);
	}

	/** Ids of the datasets that have something drawn within reach of a spot. */
	drawnAt(spot: Spot): ReadonlySet<string> {
		const reach = this.#hitRadiusPx;
		const box: [[number, number], [number, number]] = [
			[spot.xPx - reach, spot.yPx - reach],
			[spot.xPx + reach, spot.yPx + reach],
		];
		const features = this.#map.queryRenderedFeatures(box);
		return new Set(
			features.flatMap(({ source, sourceLayer }) => (source === "live" && sourceLayer ? [sourceLayer] : [])),
		);
	}

	/** Half the map's shorter side in metres. */
	get reachM(): number {
		const canvas = this.#map.getCanvas();
		const pixels = Math.min(canvas.clientWidth, canvas.clientHeight) / 2;
		return pixels * metresPerPixel(this.#map.getZoom(), this.#map.getCenter().lat);
	}

	/** Draws the map in the other palette. */
	setMode(mode: Mode): void {
		if (mode === this.#mode) return;
		this.#mode = mode;
		this.#map.setStyle(this.#style(), { diff: true });
		for (const name of imageNames) {
			const image = drawImage(name, palettes[mode]);
			if (image && this.#map.hasImage(name)) this.#map.updateImage(name, image);
		}
		this.#applyShown();
		for (const [source, data] of this.#data) this.#setData(source, data);
	}

	/** Asks for live tiles of another version; the ones in view are kept until the new are here. */
	setTileVersion(version: number): void {
		if (version === this.#tileVersion) return;
		this.#tileVersion = version;
		const source: VectorTileSource | undefined = this.#map.getSource("live");
		source?.setTiles([this.#core.tileUrl("live", version)]);
	}

	/** Shows the layers of some datasets and hides the others; at most three zones keep their fill. */
	setShown(shown: Shown): void {
		const before = JSON.stringify(this.#shown?.arrangement ?? null);
		this.#shown = shown;
		// A style that is not loaded yet is arranged when it is.
		if (JSON.stringify(shown.arrangement) !== before && this.#map.getLayer("background"))
			this.#map.setStyle(this.#style(), { diff: true });
		if (this.#map.isStyleLoaded() || this.#map.getLayer("background")) this.#applyShown();
	}

	/** How far from the pointer a thing may lie, in pixels. */
	setHitRadius(pixels: number): void {
		this.#hitRadiusPx = pixels;
	}

	/** Whether the map may fly. */
	setGentle(isGentle: boolean): void {
		this.#movesGently = isGentle;
	}

	/** Names the map for readers. */
	setLabel(label: string): void {
		this.#map.getCanvas().setAttribute("aria-label", label);
	}

	/** Outlines the selected feature; null takes the outline away. */
	select(geometryJson: string | null): void {
		this.#fill("selected", geometryJson);
	}

	/** Outlines a hit that is only looked at. */
	preview(geometryJson: string | null): void {
		this.#fill("previewed", geometryJson);
	}

	/** Outlines the zone that is looked at; null takes the outline away. */
	choose(geometryJson: string | null): void {
		this.#fill("chosen", geometryJson);
	}

	/** Puts the numbers of a list on the map. */
	setMarks(marks: readonly Mark[]): void {
		this.#setData("marks", markFeatures(marks));
	}

	/** Holds shapes beside each other; an empty list takes them away. */
	setCompared(compared: readonly Compared[]): void {
		this.#setData("compared", comparedFeatures(compared));
	}

	/** Draws what is being measured. */
	setDrawn(drawn: Drawn): void {
		this.#setData("drawn", drawnFeatures(drawn));
	}

	/** Outlines what was selected together; null takes the outlines away. */
	setFound(shapesJson: string | null): void {
		this.#fill("found", shapesJson);
	}

	/** While places are pointed at, two presses are two places and a press with Shift is one, too. */
	setPointing(isPointing: boolean): void {
		if (isPointing) {
			this.#map.doubleClickZoom.disable();
			this.#map.boxZoom.disable();
		} else {
			this.#map.doubleClickZoom.enable();
			this.#map.boxZoom.enable();
		}
		this.#map.getCanvas().style.cursor = isPointing ? "crosshair" : "";
	}

	/** Where a place stands in the map's box, in pixels. */
	pixelOf(place: { readonly lonDeg: number; readonly latDeg: number }): { x: number; y: number } {
		const { x, y } = this.#map.project(toLngLat(place));
		return { x, y };
	}

	/** Shows a rectangle with room around it, or a point at a readable zoom. `coveredPx` at the left is not used;
	 * `roomPx` more is kept free around a rectangle. */
	show(
		target: { readonly bounds: BoundsDto } | { readonly lonDeg: number; readonly latDeg: number },
		{ minZoom = 16.5, maxZoom = 18, coveredPx = 0, roomPx = 0 } = {},
	): void {
		if ("lonDeg" in target) {
			this.#go({ center: toLngLat(target), zoom: Math.max(this.#map.getZoom(), minZoom) }, coveredPx / 2);
			return;
		}
		const camera = this.#map.cameraForBounds(toLngLatBounds(target.bounds), {
			padding: {
				top: FIT_PADDING.top + roomPx,
				bottom: FIT_PADDING.bottom + roomPx,
				left: FIT_PADDING.left + roomPx,
				right: FIT_PADDING.right + roomPx,
			},
			maxZoom,
		});
		if (camera?.center) this.#go({ center: LngLat.convert(camera.center).toArray(), zoom: camera.zoom });
	}

	/** Shows a rectangle as `show` does, unless the person moves the map now. */
	fit(bounds: BoundsDto, maxZoom: number): void {
		if (this.#isTouched) return;
		// A panel that has just changed its width has changed the map's, too.
		this.#map.resize();
		this.show({ bounds }, { maxZoom });
	}

	/** Brings a place into view only when it is not, and only when the person does not move the map now. */
	reveal(place: { readonly lonDeg: number; readonly latDeg: number }): void {
		if (!this.#isTouched && !this.isInView(place)) this.#go({ center: toLngLat(place) });
	}

	/** Whether a place is seen with room around it. */
	isInView(place: { readonly lonDeg: number; readonly latDeg: number }): boolean {
		const { width, height } = this.sizePx;
		const { x, y } = this.#map.project(toLngLat(place));
		return (
			x >= FIT_PADDING.left &&
			y >= FIT_PADDING.top &&
			x <= width - FIT_PADDING.right &&
			y <= height - FIT_PADDING.bottom
		);
	}

	/** Goes back to a view. */
	goTo(view: ViewDto): void {
		this.#go({ center: toLngLat(view), zoom: view.zoom });
	}

	/** One step nearer or farther. */
	zoomBy(steps: number): void {
		if (this.#movesGently) this.#map.easeTo({ zoom: this.#map.getZoom() + steps, duration: 200 });
		else this.#map.setZoom(this.#map.getZoom() + steps);
	}

	/** Moves the map by pixels. */
	panBy(xPx: number, yPx: number): void {
		this.#map.panBy([xPx, yPx], { duration: this.#movesGently ? 120 : 0 });
	}

	/** The map's size in pixels. */
	get sizePx(): { readonly width: number; readonly height: number } {
		const canvas = this.#map.getCanvas();
		return { width: canvas.clientWidth, height: canvas.clientHeight };
	}

	/** Gives the map the keyboard. */
	focus(): void {
		this.#map.getCanvas().focus();
	}

	/** Whether the map has the keyboard. */
	get hasFocus(): boolean {
		return document.activeElement === this.#map.getCanvas();
	}

	/** Takes the map away. */
	remove(): void {
		this.#map.remove();
	}

	/** Whether the person has moved the map a moment ago. */
	get #isTouched(): boolean {
		return performance.now() - this.#touchedAtMs < HANDS_OFF_MS;
	}

	#style() {
		const fontFiles = Object.fromEntries(
			Object.entries(fontUrls).map(([name, url]) => [name, new URL(url, location.href).href]),
		);
		const style = buildStyle(palettes[this.#mode], {
			base: this.#core.tileUrl("base", this.#tileVersion),
			live: this.#core.tileUrl("live", this.#tileVersion),
			fonts: fontFiles,
		});
		const { arrangement } = this.#shown ?? {};
		return arrangement ? { ...style, layers: arrange(style.layers, arrangement) } : style;
	}

	#addImage(name: string): void {
		if (this.#map.hasImage(name)) return;
		const image = drawImage(name, palettes[this.#mode]);
		if (image) this.#map.addImage(name, image, imageOptions(name));
	}

	#applyShown(): void {
		const shown = this.#shown;
		if (!shown) return;
		const layers = this.#style().layers.flatMap((layer) => {
			const metadata = readMetadata(layer.metadata);
			const dataset = metadata[DATASET_KEY];
			if (typeof dataset !== "string" || dataset === "") return [];
			// A base map may carry more than the laptop lists: what cannot be switched is shown.
			const isOnlyInBase = "source" in layer && layer.source === "base" && !shown.listed.has(dataset);
			const isWanted =
				(shown.datasets.has(dataset) || isOnlyInBase) && fitsNetwork(metadata[NETWORK_KEY], shown);
			return [{ layer, metadata, dataset, isWanted, isFill: metadata[ZONE_FILL_KEY] === true }];
		});
		const drawn = layers.filter((one) => one.isWanted && one.isFill).map((one) => one.dataset);
		const filled = filledZones([...new Set(drawn)], shown.zones);
		for (const { layer, metadata, dataset, isWanted, isFill } of layers) {
			const wanted = isWanted && (!isFill || filled.has(dataset)) ? "visible" : "none";
			const current: unknown = this.#map.getLayoutProperty(layer.id, "visibility") ?? "visible";
			if (current !== wanted) this.#map.setLayoutProperty(layer.id, "visibility", wanted);
			if (metadata[ZONE_KEY] !== true) continue;
			const { chosen } = shown.zones;
			for (const [name, value] of opacitiesOf(layer, chosen !== null && chosen !== dataset))
				if (this.#map.getPaintProperty(layer.id, name) !== value)
					this.#map.setPaintProperty(layer.id, name, value);
		}
	}

	#fill(source: string, geometryJson: string | null): void {
		this.#setData(source, {
			type: "FeatureCollection",
			features: geometryJson
				? [{ type: "Feature", properties: {}, geometry: JSON.parse(geometryJson) as GeoJSON.Geometry }]
				: [],
		});
	}

	#setData(source: string, data: GeoJSON.FeatureCollection): void {
		this.#data.set(source, data);
		const found: GeoJSONSource | undefined = this.#map.getSource(source);
		if (found) void found.setData(data);
	}

	#go(target: { center: [number, number]; zoom?: number | undefined }, rightPx = 0): void {
		const { width, height } = this.sizePx;
		const zoom = target.zoom ?? this.#map.getZoom();
		// The place is to stand `rightPx` to the right of the middle.
		const world = 512 * 2 ** zoom;
		const center: [number, number] = [target.center[0] - (rightPx / world) * 360, target.center[1]];
		const at = this.#map.project(center);
		const isFar = Math.abs(at.x - width / 2) > 3 * width || Math.abs(at.y - height / 2) > 3 * height;
		if (this.#movesGently && !isFar) this.#map.easeTo({ center, zoom, duration: FLIGHT_MS });
		else this.#map.jumpTo({ center, zoom });
	}

	#spot(at: { lng: number; lat: number }, xPx: number, yPx: number): Spot {
		const radiusM = this.#hitRadiusPx * metresPerPixel(this.#map.getZoom(), at.lat);
		return { lonDeg: at.lng, latDeg: at.lat, radiusM, xPx, yPx };
	}

	#watchPointer(): void {
		const spotOf = (event: MapMouseEvent) => ({
			...this.#spot(event.lngLat, event.point.x, event.point.y),
			isFree: event.originalEvent.shiftKey,
		});
		this.#map.on("mousemove", (event) => this.#listener.onpointer(spotOf(event)));
		this.#map.on("mouseout", () => this.#listener.onpointer(null));
		this.#map.on("click", (event) => this.#listener.onclick(spotOf(event)));
		this.#map.on("dblclick", () => this.#listener.ondouble());
		this.#map.on("contextmenu", (event) => {
			event.preventDefault();
			this.#listener.onmenu(spotOf(event));
		});
		const touched = () => {
			this.#touchedAtMs = performance.now();
		};
		this.#map.on("dragstart", touched);
		this.#map.on("wheel", touched);
		let timer: ReturnType<typeof setTimeout> | undefined;
		const stop = () => clearTimeout(timer);
		this.#map.on("touchstart", (event) => {
			stop();
			if (event.points.length > 1) return;
			const spot = this.#spot(event.lngLat, event.point.x, event.point.y);
			timer = setTimeout(() => this.#listener.onmenu(spot), LONG_PRESS_MS);
		});
		this.#map.on("touchend", stop);
		this.#map.on("touchmove", stop);
		this.#map.on("touchcancel", stop);
	}
}

function fitsNetwork(rule: unknown, shown: Shown): boolean {
	if (rule === undefined) return true;
	const holds: Readonly<Record<NetworkRule, boolean>> = {
		hidden: !shown.hasNetwork,
		shown: shown.hasNetwork,
		first: shown.isNetworkFirst,
		"not-first": !shown.isNetworkFirst,
	};
	return holds[rule as NetworkRule];
}

function readMetadata(metadata: unknown): Readonly<Record<string, unknown>> {
	return typeof metadata === "object" && metadata !== null ? (metadata as Record<string, unknown>) : {};
}

/** Layers of a style that one dataset switches. */
export function layersOf(layers: readonly LayerSpecification[], dataset: string): LayerSpecification[] {
	return layers.filter((layer) => readMetadata(layer.metadata)[DATASET_KEY] === dataset);
}

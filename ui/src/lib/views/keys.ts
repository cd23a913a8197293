import { m } from "../words/generated/messages.js";
import type { FieldApp } from "./fieldApp.svelte";

/** What keys reach that the app's state does not hold. */
export interface KeyTargets {
	readonly search: () => void;
	readonly area: () => void;
	readonly mode: () => void;
}

const regions = ["bar", "rail", "map", "panel", "status"] as const;
const PAN_PX = 80;

/** Acts on a key. Single letters work only while the map has the focus. */
export function handleKey(event: KeyboardEvent, app: FieldApp, targets: KeyTargets): void {
	if (event.defaultPrevented) return;
	const isDone =
		event.ctrlKey || event.metaKey ? withControl(event, app, targets) : plain(event, app, targets);
	if (isDone) event.preventDefault();
}

function withControl(event: KeyboardEvent, app: FieldApp, targets: KeyTargets): boolean {
	switch (event.key.toLowerCase()) {
		case "k":
			targets.search();
			return true;
		case "s":
			app.say(m.changes_all_saved());
			return true;
		case "enter":
			return pressFilled();
		default:
			return false;
	}
}

function plain(event: KeyboardEvent, app: FieldApp, targets: KeyTargets): boolean {
	if (event.altKey) return withAlt(event, app);
	switch (event.key) {
		case "F3":
			targets.search();
			return true;
		case "F1":
			app.toggle("keys");
			return true;
		case "F6":
			moveRegion(event.shiftKey ? -1 : 1);
			return true;
		case "Escape":
			if (app.menu) app.closeMenu();
			else if (app.panel.kind === "conflict") app.open({ kind: "changes" });
			else if (app.panel.kind === "applies" || app.panel.kind === "duties") leaveQuestion(app);
			else if (app.panel.kind !== "none" && app.panel.kind !== "inspection") app.closePanel();
			else return false;
			return true;
		default:
			return isInMap(event) ? onMap(event, app, targets) : isInPanel(event) && inPanel(event.key, app);
	}
}

function withAlt(event: KeyboardEvent, app: FieldApp): boolean {
	switch (event.key) {
		case "1":
			app.showMap();
			return true;
		case "2":
			app.toggle("changes");
			return true;
		case "3":
			app.toggle("layers");
			return true;
		case "4":
			app.toggle("measure");
			return true;
		case "5":
			app.toggle("view");
			return true;
		case "6":
			app.toggle("settings");
			return true;
		default:
			return false;
	}
}

function onMap(event: KeyboardEvent, app: FieldApp, targets: KeyTargets): boolean {
	const { map } = app;
	if (!map) return false;
	if (app.measuring.isOpen && whileMeasuring(event, app)) return true;
	const size = map.sizePx;
	const stepX = event.shiftKey ? size.width / 2 : PAN_PX;
	const stepY = event.shiftKey ? size.height / 2 : PAN_PX;
	switch (event.key) {
		case "ArrowLeft":
			map.panBy(-stepX, 0);
			return true;
		case "ArrowRight":
			map.panBy(stepX, 0);
			return true;
		case "ArrowUp":
			map.panBy(0, -stepY);
			return true;
		case "ArrowDown":
			map.panBy(0, stepY);
			return true;
		case "+":
		case "=":
			map.zoomBy(1);
			return true;
		case "-":
			map.zoomBy(-1);
			return true;
		case "0":
			targets.area();
			return true;
		case "Enter":
			void app.ask(map.crosshair);
			return true;
		case "ContextMenu":
			app.openMenu(map.crosshair);
			return true;
		case "F10":
			if (!event.shiftKey) return false;
			app.openMenu(map.crosshair);
			return true;
		case ".":
			void app.cycle(1);
			return true;
		case ",":
			void app.cycle(-1);
			return true;
		case "?":
			app.toggle("keys");
			return true;
		default:
			return app.settings.values.letterKeys && letter(event.key.toLowerCase(), app, targets);
	}
}

/** Space puts a place at the crosshair, Enter ends, Backspace takes the last place away. */
function whileMeasuring(event: KeyboardEvent, app: FieldApp): boolean {
	const { map, measuring } = app;
	switch (event.key) {
		case " ":
			if (map) void measuring.add({ ...map.crosshair, isFree: event.shiftKey });
			return true;
		case "Enter":
			void measuring.finish();
			return true;
		case "Backspace":
			void measuring.removeLast();
			return true;
		default:
			return false;
	}
}

function letter(key: string, app: FieldApp, targets: KeyTargets): boolean {
	if (/^[1-9]$/.test(key) && app.panel.kind === "changes") {
		const row = app.changes.numbered[Number(key) - 1];
		if (row) void app.openChange(row);
		return row !== undefined;
	}
	if (inPanel(key, app)) return true;
	switch (key) {
		case "l":
			app.toggle("layers");
			return true;
		case "m":
			app.toggle("measure");
			return true;
		case "n":
			targets.mode();
			return true;
		case "v":
			if (app.map) void app.askApplies(app.questionAt(app.map.crosshair));
			return app.map !== null;
		case "a":
			if (app.map) void app.askDuties(app.dutyPlaceAt(app.map.crosshair));
			return app.map !== null;
		default:
			return false;
	}
}

/** Goes one step back, and keeps the keyboard somewhere when what had it goes away. */
function leaveQuestion(app: FieldApp): void {
	const hadPanel = document.activeElement?.closest("[data-region=panel]") ?? null;
	const { kind } = app.panel;
	app.leaveQuestion();
	if (hadPanel && app.panel.kind !== kind) app.map?.focus();
}

/** Letters and digits of the open panel: they work in it and on the map. */
function inPanel(key: string, app: FieldApp): boolean {
	if (!app.settings.values.letterKeys) return false;
	if (app.panel.kind === "applies" && /^[1-9]$/.test(key)) return app.asking.choose(Number(key));
	return compare(key, app);
}

/** Zooms to what it was, theirs or mine, while they are held beside each other. */
function compare(key: string, app: FieldApp): boolean {
	if (app.panel.kind !== "conflict") return false;
	const side = app.deciding.sideOf(key.toLocaleLowerCase("sv"));
	if (side) app.deciding.zoomTo(side);
	return side !== null;
}

/** In the panel, outside anything that takes letters. */
function isInPanel(event: KeyboardEvent): boolean {
	return (
		event.target instanceof HTMLElement &&
		event.target.closest("[data-region=panel]") !== null &&
		!event.target.matches("select, textarea, input:not([type=radio])")
	);
}

function isInMap(event: KeyboardEvent): boolean {
	return event.target instanceof HTMLCanvasElement && event.target.closest("[data-region=map]") !== null;
}

/** Presses the panel's one filled button. */
function pressFilled(): boolean {
	const button = document.querySelector<HTMLButtonElement>(
		"[data-region=panel] button.filled:not(:disabled)",
	);
	button?.click();
	return button !== null;
}

/** Moves the focus to the next part of the window that has something to focus. */
function moveRegion(by: 1 | -1): void {
	const present = regions.flatMap((name) => {
		const region = document.querySelector<HTMLElement>(`[data-region=${name}]`);
		return region ? [region] : [];
	});
	const at = present.findIndex((region) => region.contains(document.activeElement));
	for (let step = 1; step <= present.length; step++) {
		const index = (at + by * step + present.length * step) % present.length;
		const target = present[index]?.querySelector<HTMLElement>(
			"canvas[tabindex], input, button:not(:disabled), [tabindex='0']",
		);
		if (target) {
			target.focus();
			return;
		}
	}
}

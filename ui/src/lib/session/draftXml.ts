import type { FormNode } from "./formNode.svelte";

/**
 * Writes the whole instance of a draft, hidden answers too.
 *
 * The engine leaves out what is not relevant now, which a submission wants and a draft must not: a toggle to "nej", a
 * save, and back to "ja" would give an empty group. `valueOf` gives the text of a node, shown or hidden; `empty` is the
 * form's own instance, whose elements, names and attributes are copied.
 */
export function draftXml(empty: Element, root: FormNode, valueOf: (node: FormNode) => string): string {
	// A deep copy in the form's own namespace; the engine reads it back by name.
	const out = document.implementation.createDocument(null, null);
	const instance = out.importNode(empty, true);
	out.append(instance);
	fill(instance, root, valueOf);
	return new XMLSerializer().serializeToString(out);
}

function fill(element: Element, node: FormNode, valueOf: (node: FormNode) => string): void {
	for (const child of node.children) {
		const places = Array.from(element.children).filter((it) => it.localName === child.name);
		const first = places[0];
		if (child.kind === "repeat") {
			fillRows(element, child, places, valueOf);
		} else if (!first) {
			continue;
		} else if (child.isParent) {
			fill(first, child, valueOf);
		} else {
			first.textContent = valueOf(child);
		}
	}
}

/** Writes as many rows as there are, in the place of the form's template and its first row. */
function fillRows(
	element: Element,
	repeat: FormNode,
	places: readonly Element[],
	valueOf: (node: FormNode) => string,
): void {
	const pattern = places[0];
	if (!pattern) return;
	const mark = document.createComment("");
	pattern.before(mark);
	for (const place of places) place.remove();
	for (const row of repeat.children) {
		const copy = pattern.cloneNode(true);
		if (!(copy instanceof Element)) continue;
		for (const attribute of Array.from(copy.attributes)) {
			if (attribute.localName === "template") copy.removeAttributeNode(attribute);
		}
		fill(copy, row, valueOf);
		mark.before(copy);
	}
	mark.remove();
}

/** The element of a saved instance. */
export function parseInstance(xml: string): Element {
	return new DOMParser().parseFromString(xml, "text/xml").documentElement;
}

/** The element that a new row of `repeat` is made after, in the form's own instance. */
export function rowPattern(empty: Element, repeat: FormNode): Element | null {
	const steps: string[] = [];
	for (let at: FormNode | null = repeat; at && at.kind !== "root"; at = at.parent) {
		if (at.kind !== "row") steps.unshift(at.name);
	}
	return steps.reduce<Element | null>(
		(at, step) => Array.from(at?.children ?? []).find((it) => it.localName === step) ?? null,
		empty,
	);
}

/** The text of every leaf below `element` by node id, pairing rows by their order. */
export function readValues(element: Element, node: FormNode): ReadonlyMap<string, string> {
	const values = new Map<string, string>();
	read(element, node, values);
	return values;
}

function read(element: Element, node: FormNode, into: Map<string, string>): void {
	for (const child of node.children) {
		const places = Array.from(element.children).filter((it) => it.localName === child.name);
		if (child.kind === "repeat") {
			child.children.forEach((row, index) => {
				const place = places[index];
				if (place) read(place, row, into);
			});
			continue;
		}
		const place = places[0];
		if (!place) continue;
		if (child.isParent) read(place, child, into);
		else into.set(child.id, place.textContent);
	}
}

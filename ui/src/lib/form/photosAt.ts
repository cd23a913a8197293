import type { FormNode } from "../session/formNode.svelte";

/** The questions that hold the photos of a list, or of a single upload, and are answered. */
export function photosAt(node: FormNode): readonly FormNode[] {
	const places = node.kind === "repeat" ? node.children.flatMap((row) => row.children) : [node];
	return places.filter((it) => it.kind === "photo" && it.value !== "");
}

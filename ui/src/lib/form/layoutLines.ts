import type { FormNode } from "../session/formNode.svelte";

/** How the members of one line share its width. */
export type LineShape = "full" | "half" | "halves" | "wideAndDate";

/** One or two questions that stand beside each other. */
export interface Line {
	readonly shape: LineShape;
	readonly nodes: readonly FormNode[];
}

const isShort = (node: FormNode): boolean => ["integer", "decimal", "date", "time"].includes(node.kind);
const isBar = (node: FormNode): boolean => node.kind === "choice" && node.appearances.has("columns");

/** Puts short questions beside each other, as a person would on paper, without changing their order. */
export function layoutLines(nodes: readonly FormNode[]): readonly Line[] {
	const lines: Line[] = [];
	for (let at = 0; at < nodes.length; at += 1) {
		const [node, next] = [nodes[at], nodes[at + 1]];
		if (!node) break;
		const canPair = next !== undefined && isShort(next) && !node.appearances.has("point");
		if (canPair && isShort(node)) lines.push({ shape: "halves", nodes: [node, next] });
		else if (canPair && next.kind === "date" && isBar(node) && node.choices.length <= 3)
			lines.push({ shape: "wideAndDate", nodes: [node, next] });
		else {
			lines.push({ shape: isShort(node) ? "half" : "full", nodes: [node] });
			continue;
		}
		at += 1;
	}
	return lines;
}

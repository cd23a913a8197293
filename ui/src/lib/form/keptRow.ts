import type { FormNode } from "../session/formNode.svelte";
import type { Session } from "../session/session";

/** What a removed row held, to put it back by. */
export interface KeptAnswer {
	readonly name: string;
	readonly input: string | readonly string[];
	readonly rows: readonly (readonly KeptAnswer[])[];
}

/** What to put a row back by, read before it goes. */
export function answersOfRow(row: FormNode): readonly KeptAnswer[] {
	const kept: KeptAnswer[] = [];
	for (const node of row.children) {
		if (node.kind === "repeat")
			kept.push({ name: node.name, input: "", rows: node.children.map(answersOfRow) });
		else if (node.isParent) kept.push(...answersOfRow(node));
		else if (node.isQuestion)
			kept.push({ name: node.name, input: node.kind === "choices" ? node.values : node.text, rows: [] });
	}
	return kept;
}

/** Answers a new row as the one that went. */
export function putBack(session: Session, row: FormNode, kept: readonly KeptAnswer[]): void {
	for (const { name, input, rows } of kept) {
		const node = [...row.walk()].find((it) => it.name === name && it.kind !== "row");
		if (!node) continue;
		if (node.kind !== "repeat") {
			session.set(node, input);
			continue;
		}
		for (const inner of rows) {
			const again = session.addRow(node);
			if (again) putBack(session, again, inner);
		}
	}
}

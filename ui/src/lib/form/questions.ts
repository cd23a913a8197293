import type { FormNode } from "../session/formNode.svelte";

/** The answer for "nothing wrong", as the form's choices declare it. */
export function fineAnswer(node: FormNode): string | null {
	return node.choices.find((it) => it.tone === "ok")?.value ?? null;
}

/** Whether it belongs to a row of a repeat. */
export function isInRow(node: FormNode): boolean {
	for (let at = node.parent; at; at = at.parent) if (at.kind === "row") return true;
	return false;
}

/** Questions that apply now, photos aside. */
export function questionsEverywhere(root: FormNode): readonly FormNode[] {
	return [...root.walk()].filter((it) => it.relevant && it.isQuestion && it.kind !== "photo");
}

/** Those of them that are asked once. */
export function questionsOutsideRows(root: FormNode): readonly FormNode[] {
	return questionsEverywhere(root).filter((it) => !isInRow(it));
}

/** How many are answered, of how many. */
export function count(questions: readonly FormNode[]): {
	readonly nAnswered: number;
	readonly nQuestions: number;
} {
	return { nAnswered: questions.filter((it) => it.value !== "").length, nQuestions: questions.length };
}

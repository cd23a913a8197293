import type { FormNode } from "./formNode.svelte";

/** An answer in flat JSON. */
export type Answer = string | number | null | readonly string[] | Geopoint | readonly Answers[];
/** Answers by question name; a repeat is a list of such. */
export interface Answers {
	readonly [question: string]: Answer;
}
/** A position in WGS 84, heights and accuracy in metres. */
export interface Geopoint {
	readonly latDeg: number;
	readonly lonDeg: number;
	readonly altitudeM: number;
	readonly accuracyM: number;
}

/** Two questions of one name would be written into one object; publishing such a form is refused, so this is a fault. */
export class DoubleName extends Error {}

/**
 * The answers as flat JSON: groups vanish, a repeat is a list that is always there, blank is null, numbers are numbers,
 * several choices are a list. Notes, hidden questions and the meta group are left out.
 */
export function answersOf(root: FormNode): Answers {
	const into: Record<string, Answer> = {};
	collect(root, into);
	return into;
}

function collect(parent: FormNode, into: Record<string, Answer>): void {
	for (const node of parent.children) {
		if (node.name === "meta" && parent.kind === "root") continue;
		if (node.kind === "repeat") {
			put(into, node.name, node.relevant ? node.children.map(answersOf) : []);
		} else if (!node.relevant || node.kind === "note") {
			continue;
		} else if (node.isParent) {
			collect(node, into);
		} else {
			put(into, node.name, answerOf(node));
		}
	}
}

function put(into: Record<string, Answer>, name: string, answer: Answer): void {
	if (Object.hasOwn(into, name)) throw new DoubleName(name);
	into[name] = answer;
}

function answerOf(node: FormNode): Answer {
	const { value } = node;
	if (node.kind === "choices") return node.values;
	if (value === "") return null;
	const type = node.engine.valueType;
	if (type === "int" || type === "decimal") return Number(value);
	if (type === "geopoint") {
		const [latDeg = 0, lonDeg = 0, altitudeM = 0, accuracyM = 0] = value.split(" ").map(Number);
		return { latDeg, lonDeg, altitudeM, accuracyM };
	}
	return value;
}

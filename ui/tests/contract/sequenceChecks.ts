import type { Session } from "../../src/lib/session/session";
import { begin, equal, everything, find, reopen, type Check } from "./harness";

/** A small reproducible source of chance. */
function chance(seed: number): (below: number) => number {
	let state = seed;
	return (below) => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
}

const TEXTS = [
	"",
	"a",
	" två ord ",
	"<å&ä>",
	"rad 1\nrad 2",
	"12x",
	"7",
	"9",
	"3",
	"12,5",
	"8.15",
	"2026-05-29",
	"\u0007",
	"tab\tb",
];
const CHOICES = ["", "ja", "nej", "a", "b", "trad", "frukt", "ek", "plommon"];

/** One random act; answers how it reads, for the report of a failure. */
function act(session: Session, pick: (below: number) => number): string {
	const nodes = [...session.root.walk()].filter((it) => it.relevant);
	const repeats = nodes.filter((it) => it.kind === "repeat");
	const questions = nodes.filter((it) => it.isQuestion);
	const kind = pick(10);
	const repeat = repeats[pick(repeats.length)];
	if (kind === 0 && repeat) {
		session.addRow(repeat);
		return `addRow ${repeat.ref}`;
	}
	if (kind === 1 && repeat && repeat.children.length > 0) {
		const index = pick(repeat.children.length);
		session.removeRow(repeat, index);
		return `removeRow ${repeat.ref} ${index}`;
	}
	if (kind === 2) {
		session.set(find(session, "grind"), pick(2) === 0 ? "ja" : "nej");
		return "toggle";
	}
	const node = questions[pick(questions.length)];
	if (!node) return "nothing";
	if (node.kind === "choices") {
		session.set(
			node,
			["a", "b", "c"].filter(() => pick(2) === 0),
		);
	} else if (node.kind === "choice") {
		const offered = new Set(node.choices.map((it) => it.value));
		const value = CHOICES[pick(CHOICES.length)] ?? "";
		if (offered.has(value)) session.set(node, value);
	} else {
		session.set(node, TEXTS[pick(TEXTS.length)] ?? "");
	}
	return `set ${node.ref}`;
}

async function holds(seed: number): Promise<void> {
	const pick = chance(seed);
	const done: string[] = [];
	let session = await begin();
	for (let step = 0; step < 40; step += 1) {
		done.push(act(session, pick));
		if (pick(6) !== 0 && step !== 39) continue;
		const before = everything(session);
		session = await reopen(session);
		equal(everything(session), before, `seed ${seed} after ${done.join("; ")}`);
	}
	// What is hidden must be the same too: show it all and compare with a copy that was saved once more.
	session.set(find(session, "grind"), "ja");
	const all = everything(session);
	session.set(find(session, "grind"), "nej");
	session = await reopen(session);
	session.set(find(session, "grind"), "ja");
	equal(everything(session), all, `seed ${seed}, shown again`);
	session.close();
}

export const sequenceChecks: readonly Check[] = Array.from({ length: 25 }, (_, seed) => ({
	name: `any sequence of answers, rows and saves gives the same answers (seed ${seed})`,
	run: () => holds(seed),
}));

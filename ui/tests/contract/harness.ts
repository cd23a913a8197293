import { openSession } from "../../src/lib/session/openSession";
import type { FormNode } from "../../src/lib/session/formNode.svelte";
import type { Draft, Session } from "../../src/lib/session/session";
import type { PrefillDto } from "../../src/lib/core/bindings";
import allsorts from "./allsorts.xml?raw";

export { allsorts };

/** One statement about the session, checked in a real browser against the real engine. */
export interface Check {
	readonly name: string;
	readonly run: () => Promise<void>;
}

const NOW = "2026-05-19T10:44:07+02:00";

export async function begin(formXml = allsorts, prefill: readonly PrefillDto[] = []): Promise<Session> {
	return open(formXml, null, prefill);
}

/** Closes the session and opens what it saved, as after a crash. */
export async function reopen(session: Session, formXml = allsorts): Promise<Session> {
	const draft = session.draft();
	session.close();
	return open(formXml, draft);
}

export async function open(
	formXml: string,
	draft: Draft | null,
	prefill: readonly PrefillDto[] = [],
): Promise<Session> {
	const opened = await openSession({
		formXml,
		instanceXml: draft?.xml ?? null,
		leftovers: draft?.leftovers ?? "",
		prefill,
		person: "anna",
		device: "dator 7",
		language: "sv",
		now: () => NOW,
	});
	if (!opened.ok) throw new Error(JSON.stringify(opened.failure));
	return opened.session;
}

/** The first node of a name; a number picks another. */
export function find(session: Session, name: string, index = 0): FormNode {
	const found = [...session.root.walk()].filter((it) => it.name === name && it.kind !== "row")[index];
	if (!found) throw new Error(`no question ${name}`);
	return found;
}

export function equal(actual: unknown, wanted: unknown, what = ""): void {
	const [a, b] = [JSON.stringify(actual), JSON.stringify(wanted)];
	if (a === b) return;
	let at = 0;
	while (a[at] === b[at]) at += 1;
	const part = (text: string): string => text.slice(Math.max(0, at - 80), at + 120);
	throw new Error(`${what} was …${part(a)}, wanted …${part(b)}`);
}

/** Everything that a person could see or get back, to compare two sessions by. */
export function everything(session: Session): unknown {
	const draft = session.draft();
	return {
		xml: draft.xml,
		leftovers: draft.leftovers,
		answers: session.answers(),
		submission: session.submission().xml,
	};
}

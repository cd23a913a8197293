import { answersOf, type Answers } from "./answers";
import { draftXml, parseInstance, readValues, rowPattern } from "./draftXml";
import type { EngineForm, EngineNode, EngineRoot } from "./engine";
import { FormNode, type NodeError } from "./formNode.svelte";
import { cleanText, parseInput, type ValueKind } from "./parseInput";

/** What stands in the way of completing, and where. */
export interface Problem {
	readonly node: FormNode;
	readonly kind: NodeError["kind"];
	readonly text: string | null;
}

/** One change of an answer, by a person or by the form's own rules. */
export interface Change {
	readonly at: string;
	readonly by: string;
	readonly cause: "person" | "form";
	readonly ref: string;
	readonly before: string;
	readonly after: string;
}

/** A draft to keep: everything, hidden or half typed. */
export interface Draft {
	readonly xml: string;
	/** JSON for `readLeftovers`: hidden answers by reference, and text that is not yet a value. */
	readonly leftovers: string;
	/** Names of photos, hidden ones too. */
	readonly photos: readonly string[];
}

/** The answers that apply, to complete with. `ok` only when there is no problem. */
export interface Submission {
	readonly ok: boolean;
	readonly xml: string;
	readonly photos: readonly string[];
}

/** What stands on screen and in hidden questions beside the instance. */
interface Leftovers {
	readonly format: "faltkarta.leftovers/1";
	readonly hidden: Readonly<Record<string, string>>;
	readonly typed: Readonly<Record<string, string>>;
}

interface SessionParts {
	readonly form: EngineForm;
	readonly root: EngineRoot;
	/** The form's own instance with its defaults. */
	readonly empty: Element;
	readonly photoLists: ReadonlySet<string>;
	readonly person: string;
	/** Now, RFC 3339. */
	readonly now: () => string;
	/** The saved draft, if there is one. */
	readonly saved: { readonly xml: string; readonly leftovers: string } | null;
}

/** One form being filled. Never draws; a component reads its nodes and calls its verbs. */
export class Session {
	readonly root: FormNode;
	readonly #parts: SessionParts;
	readonly #nodes = new Map<string, FormNode>();
	/** The last visible answer of each node: what a hidden one is saved with. */
	readonly #last = new Map<string, string>();
	readonly #log: Change[] = [];

	constructor(parts: SessionParts) {
		this.#parts = parts;
		this.root = this.#wrap(parts.root);
		if (parts.saved) {
			this.#readDefaults(parseInstance(parts.saved.xml), this.root);
			this.#readLeftovers(parts.saved.leftovers);
		} else {
			// A repeat begins with one row, which makes "none" an error as soon as something in it is required.
			this.#emptyRepeats(this.root);
			this.#readDefaults(parts.empty, this.root);
		}
		this.#remember("form", false);
	}

	/** Who changed what and when, in this session. */
	get log(): readonly Change[] {
		return this.#log;
	}

	/**
	 * Answers a question with what was typed or chosen. An unparsable text stays on screen and is kept in drafts, the
	 * answer before it stands, and `problems` names it.
	 */
	set(node: FormNode, input: string | readonly string[]): "ok" | "unparsable" {
		node.touched = true;
		if (typeof input === "string" && isTyped(node)) {
			const parsed = parseInput(node.kind, input, this.#parts.now().slice(0, 10));
			if (!parsed.ok) {
				node.typed = cleanText(input);
				return "unparsable";
			}
			node.typed = null;
			node.engine.setValue?.(parsed.value);
		} else if (typeof input !== "string") {
			node.engine.selectValues?.(input);
		} else if (node.kind === "choice") {
			node.engine.selectValue?.(input === "" ? null : input);
		} else {
			node.engine.setValue?.(cleanText(input));
		}
		this.#remember("person", true, node);
		return "ok";
	}

	/** Adds a row at the end of a repeat and answers it. */
	addRow(repeat: FormNode): FormNode | null {
		repeat.engine.addInstances?.();
		const row = repeat.children.at(-1) ?? null;
		if (row) {
			this.#emptyRepeats(row);
			const pattern = rowPattern(this.#parts.empty, repeat);
			if (pattern) this.#readDefaults(pattern, row);
		}
		this.#remember("form", true);
		return row;
	}

	/** Takes out the row at `index`, counted from 0. */
	removeRow(repeat: FormNode, index: number): void {
		const row = repeat.children[index];
		if (!row) return;
		for (const node of row.walk()) {
			this.#last.delete(node.id);
			this.#nodes.delete(node.id);
		}
		repeat.engine.removeInstances?.(index);
		this.#remember("form", true);
	}

	/** Puts every text of the form into `sv` or `en`, when it has them. */
	setLanguage(code: string): void {
		const language = this.#parts.root.languages.find((it) => it.language.endsWith(`(${code})`));
		if (language) this.#parts.root.setLanguage(language);
	}

	/** All that must be mended before completing, in the form's order. */
	problems(): readonly Problem[] {
		const found: Problem[] = [];
		for (const node of this.root.walk()) {
			const error = node.error;
			if (error) found.push({ node, ...error });
		}
		return found;
	}

	/** All that a later session needs to go on as if nothing had happened. */
	draft(): Draft {
		this.#remember("form", true);
		const valueOf = (node: FormNode): string =>
			node.relevant ? node.value : (this.#last.get(node.id) ?? "");
		const hidden: Record<string, string> = {};
		const typed: Record<string, string> = {};
		const photos: string[] = [];
		for (const node of this.root.walk()) {
			if (node.isParent) continue;
			const value = valueOf(node);
			if (!node.relevant && value !== "") hidden[node.ref] = value;
			if (node.typed !== null) typed[node.ref] = node.typed;
			if (node.kind === "photo" && value !== "") photos.push(value);
		}
		const leftovers: Leftovers = { format: "faltkarta.leftovers/1", hidden, typed };
		return {
			xml: draftXml(this.#parts.empty, this.root, valueOf),
			leftovers: JSON.stringify(leftovers),
			photos,
		};
	}

	/** What applies now, as the engine itself writes it. */
	submission(): Submission {
		const photos: string[] = [];
		for (const node of this.root.walk()) {
			if (node.kind === "photo" && node.relevant && node.value !== "") photos.push(node.value);
		}
		return { ok: this.problems().length === 0, xml: this.#parts.root.instanceState.instanceXML, photos };
	}

	/** The answers that apply, as flat JSON. */
	answers(): Answers {
		return answersOf(this.root);
	}

	/** Ends the session; the engine frees an instance only with its form. */
	close(): void {
		this.#nodes.clear();
		this.#parts.form.resetInstance();
	}

	#wrap(engine: EngineNode): FormNode {
		const known = this.#nodes.get(engine.nodeId);
		if (known) return known;
		const above = engine.nodeType === "root" || engine.parent === null ? null : this.#wrap(engine.parent);
		const node = new FormNode(engine, above, this.#parts.photoLists, (it) => this.#wrap(it));
		this.#nodes.set(engine.nodeId, node);
		return node;
	}

	#emptyRepeats(from: FormNode): void {
		for (const node of from.children) {
			// Not into rows that go: the engine refuses to be asked about them afterwards.
			if (node.engine.nodeType === "repeat-range:uncontrolled") {
				for (let n = node.children.length; n > 0; n -= 1) node.engine.removeInstances?.(n - 1);
			} else {
				this.#emptyRepeats(node);
			}
		}
	}

	/** What the form's own instance says of questions that may be hidden from the start. */
	#readDefaults(element: Element, node: FormNode): void {
		for (const [id, value] of readValues(element, node)) this.#last.set(id, value);
	}

	/** Notes the visible answers: what was last seen is what a hidden question keeps. */
	#remember(cause: Change["cause"], logged: boolean, by?: FormNode): void {
		for (const node of this.root.walk()) {
			if (node.isParent || node.kind === "note" || !node.relevant) continue;
			const before = this.#last.get(node.id);
			const after = node.value;
			if (before === after) continue;
			this.#last.set(node.id, after);
			if (!logged || (before === undefined && after === "")) continue;
			this.#log.push({
				at: this.#parts.now(),
				by: this.#parts.person,
				cause: by === undefined || by === node ? cause : "form",
				ref: node.ref,
				before: before ?? "",
				after,
			});
		}
	}

	#readLeftovers(json: string): void {
		const leftovers: unknown = json === "" ? null : JSON.parse(json);
		if (typeof leftovers !== "object" || leftovers === null || !("typed" in leftovers)) return;
		const typed = new Map(Object.entries(leftovers.typed ?? {}));
		for (const node of this.root.walk()) {
			const text: unknown = typed.get(node.ref);
			if (typeof text === "string" && isTyped(node)) {
				node.typed = text;
				node.touched = true;
			}
		}
	}
}

function isTyped(node: FormNode): node is FormNode & { readonly kind: ValueKind } {
	return ["text", "integer", "decimal", "date", "time", "datetime", "geopoint"].includes(node.kind);
}

import type { EngineNode, EngineOption } from "./engine";
import { displayValue, type ValueKind } from "./parseInput";
import { UPLOAD_MARK } from "./prepareForm";

/** What a node of a form is to those who draw it. */
export type NodeKind =
	ValueKind | "root" | "group" | "repeat" | "row" | "choice" | "choices" | "photo" | "note" | "silent";

/** One answer that can be chosen. */
export interface Choice {
	readonly value: string;
	readonly label: string;
	/** How it looks when chosen, as the form declares it. */
	readonly tone: Tone;
}

/** Colour of a chosen answer; the words beside it say the same. */
export type Tone = "ok" | "warn" | "bad" | "neutral";

function toneOf(option: EngineOption): Tone {
	const said = option.properties?.find(([key]) => key === "tone")?.[1];
	return said === "ok" || said === "warn" || said === "bad" ? said : "neutral";
}

/** Why an answer cannot stand. `text` is the form's own words, or null when it has none. */
export interface NodeError {
	readonly kind: "required" | "constraint" | "unparsable";
	readonly text: string | null;
}

const PARENT_KINDS: Readonly<Record<string, NodeKind>> = {
	root: "root",
	group: "group",
	"repeat-range:controlled": "repeat",
	"repeat-range:uncontrolled": "repeat",
	"repeat-instance": "row",
};

const VALUE_KINDS: Readonly<Record<string, ValueKind>> = {
	int: "integer",
	decimal: "decimal",
	date: "date",
	time: "time",
	dateTime: "datetime",
	geopoint: "geopoint",
};

function kindOf(node: EngineNode, appearances: ReadonlySet<string>): NodeKind {
	const parent = PARENT_KINDS[node.nodeType];
	if (parent !== undefined) return parent;
	if (node.nodeType === "note") return "note";
	if (node.nodeType === "select") return node.selectType === "select" ? "choices" : "choice";
	if (node.nodeType !== "input") return "silent";
	if (appearances.has(UPLOAD_MARK)) return "photo";
	return VALUE_KINDS[node.valueType ?? "string"] ?? "text";
}

const isValueKind = (kind: NodeKind): kind is ValueKind =>
	["text", "integer", "decimal", "date", "time", "datetime", "geopoint"].includes(kind);

/** A question, group, repeat or row as the interface sees it. Reading a property in a component subscribes to it. */
export class FormNode {
	readonly id: string;
	readonly kind: NodeKind;
	readonly appearances: ReadonlySet<string>;
	readonly parent: FormNode | null;
	/** A repeat of one upload: several photos under one heading. */
	readonly isPhotoList: boolean;
	readonly #engine: EngineNode;
	readonly #wrap: (node: EngineNode) => FormNode;
	/** Text on screen that is no value of this kind; the stored answer is still the one before. */
	typed: string | null = $state.raw(null);
	/** Whether the person has been here, so that an error may show. */
	touched: boolean = $state.raw(false);

	constructor(
		engine: EngineNode,
		parent: FormNode | null,
		photoLists: ReadonlySet<string>,
		wrap: (node: EngineNode) => FormNode,
	) {
		this.#engine = engine;
		this.#wrap = wrap;
		this.parent = parent;
		this.id = engine.nodeId;
		this.appearances = new Set(engine.appearances ?? []);
		this.kind = kindOf(engine, this.appearances);
		this.isPhotoList =
			this.kind === "repeat" && photoLists.has(engine.currentState.reference.replace(/\[\d+\]/gu, ""));
	}

	/** Only the session reaches through. */
	get engine(): EngineNode {
		return this.#engine;
	}

	/** Location in the instance, `/data/brister[2]/brist_text`; changes when a row before it goes. */
	get ref(): string {
		return this.#engine.currentState.reference;
	}

	/** The question's own name: last step without position and prefix. */
	get name(): string {
		const step = this.ref.split("/").at(-1) ?? "";
		return step.replace(/\[\d+\]$/u, "").replace(/^.*:/u, "");
	}

	get label(): string {
		return this.#engine.currentState.label?.asString ?? "";
	}

	get hint(): string {
		return this.#engine.currentState.hint?.asString ?? "";
	}

	get required(): boolean {
		return this.#engine.currentState.required;
	}

	get relevant(): boolean {
		return this.#engine.currentState.relevant;
	}

	get readonly(): boolean {
		return this.#engine.currentState.readonly;
	}

	/** As stored in the instance; empty when unanswered. */
	get value(): string {
		return this.#engine.currentState.instanceValue ?? "";
	}

	/** Chosen values of a question that takes several. */
	get values(): readonly string[] {
		return this.value.split(" ").filter((it) => it !== "");
	}

	/** What stands in the field: the typed text when it is not yet a value, else the value in Swedish form. */
	get text(): string {
		if (this.typed !== null) return this.typed;
		return isValueKind(this.kind) ? displayValue(this.kind, this.value) : this.value;
	}

	get choices(): readonly Choice[] {
		const options: readonly EngineOption[] = this.#engine.currentState.valueOptions ?? [];
		return options.map((it) => ({ value: it.value, label: it.label.asString, tone: toneOf(it) }));
	}

	get children(): readonly FormNode[] {
		return (this.#engine.currentState.children ?? []).map((it) => this.#wrap(it));
	}

	/** Children that apply now and that somebody may look at. */
	get shown(): readonly FormNode[] {
		return this.children.filter(
			(it) => it.relevant && it.kind !== "silent" && (it.kind !== "group" || it.shown.length > 0),
		);
	}

	/** Something that a person answers. */
	get isQuestion(): boolean {
		return !this.isParent && this.kind !== "note" && this.kind !== "silent" && !this.readonly;
	}

	get isParent(): boolean {
		return this.kind === "root" || this.kind === "group" || this.kind === "repeat" || this.kind === "row";
	}

	/** Every violation exists from the first moment; whoever draws asks `touched` before showing it. */
	get error(): NodeError | null {
		if (!this.relevant || this.isParent) return null;
		if (this.typed !== null) return { kind: "unparsable", text: null };
		const violation = this.#engine.validationState.violation;
		return violation ? { kind: violation.condition, text: violation.message?.asString ?? null } : null;
	}

	/** This node and all below it, in the form's order. */
	*walk(): Generator<FormNode> {
		yield this;
		for (const child of this.children) yield* child.walk();
	}
}

import type { PrefillDto } from "../core/bindings";

/** Marks a question that the form declares as an upload. */
export const UPLOAD_MARK = "fk-upload";

/** A form as the engine gets it, and the empty instance that drafts are written after. */
export interface PreparedForm {
	readonly xml: string;
	/** Root of the primary instance, with the default values. */
	readonly instance: Element;
	/** Paths of repeats that hold one upload and nothing else. */
	readonly photoLists: ReadonlySet<string>;
}

const XFORMS = "http://www.w3.org/2002/xforms";

/**
 * Changes a form so that the engine cannot lose what it does not keep well; null when the text is no XForm.
 *
 * Uploads become text questions that hold the name of a file. The bytes of photos never enter the engine: it forgets
 * restored files at the second save, cannot remove them, and lets two of one name overwrite each other. Our core keeps
 * the bytes by their hash and gives the name.
 *
 * `prefill` writes first values of a new instance: questions of that name outside repeats.
 */
export function prepareForm(formXml: string, prefill: readonly PrefillDto[]): PreparedForm | null {
	const form = new DOMParser().parseFromString(formXml, "text/xml");
	const instance = form.querySelector("model > instance")?.firstElementChild;
	if (!instance || form.querySelector("parsererror")) return null;
	for (const upload of Array.from(form.getElementsByTagNameNS(XFORMS, "upload"))) {
		const reference = upload.getAttribute("ref") ?? "";
		const input = form.createElementNS(XFORMS, "input");
		input.setAttribute("ref", reference);
		input.setAttribute("appearance", `${UPLOAD_MARK} ${upload.getAttribute("appearance") ?? ""}`.trim());
		input.append(...Array.from(upload.childNodes));
		upload.replaceWith(input);
		for (const bind of Array.from(form.getElementsByTagNameNS(XFORMS, "bind"))) {
			if (bind.getAttribute("nodeset") === reference) bind.setAttribute("type", "string");
		}
	}
	const photoLists = new Set<string>();
	for (const repeat of Array.from(form.getElementsByTagNameNS(XFORMS, "repeat"))) {
		const questions = Array.from(repeat.children).filter((it) => it.localName !== "label");
		const isUpload = questions[0]?.getAttribute("appearance")?.split(" ").includes(UPLOAD_MARK) === true;
		if (questions.length === 1 && isUpload) photoLists.add(repeat.getAttribute("nodeset") ?? "");
	}
	for (const { question, value } of prefill) writeFirstValue(form, instance, question, value);
	return { xml: new XMLSerializer().serializeToString(form), instance, photoLists };
}

function writeFirstValue(form: Document, instance: Element, question: string, value: string): void {
	const element = Array.from(instance.getElementsByTagName("*")).find(
		(it) => it.localName === question && it.childElementCount === 0,
	);
	if (!element) return;
	const path = pathOf(element, instance);
	const inRepeat = Array.from(form.getElementsByTagNameNS(XFORMS, "repeat")).some((repeat) =>
		path.startsWith(`${repeat.getAttribute("nodeset") ?? ""}/`),
	);
	if (inRepeat || !mayHold(form, path, value)) return;
	element.textContent = value;
}

function pathOf(element: Element, instance: Element): string {
	const steps: string[] = [];
	for (let at: Element | null = element; at; at = at === instance ? null : at.parentElement) {
		steps.unshift(at.localName);
	}
	return `/${steps.join("/")}`;
}

/** A choice outside the list would be cleared by the engine without a word, so it is left unanswered from the start. */
function mayHold(form: Document, path: string, value: string): boolean {
	const select = Array.from(form.getElementsByTagNameNS(XFORMS, "select1")).find(
		(it) => it.getAttribute("ref") === path,
	);
	const nodeset = select?.getElementsByTagNameNS(XFORMS, "itemset")[0]?.getAttribute("nodeset");
	const list = /^instance\('([^']+)'\)/u.exec(nodeset ?? "")?.[1];
	if (list === undefined) return true;
	const choices = Array.from(form.querySelectorAll("model > instance")).find(
		(it) => it.getAttribute("id") === list,
	);
	return Array.from(choices?.getElementsByTagName("name") ?? []).some((it) => it.textContent === value);
}

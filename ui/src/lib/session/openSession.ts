import type { PrefillDto } from "../core/bindings";
import { EngineTimeout, loadEngine, type EngineConfig, type EngineForm, type EngineRoot } from "./engine";
import { prepareForm } from "./prepareForm";
import { reactive } from "./reactive.svelte";
import { Session } from "./session";

/** What a session begins with. */
export interface SessionStart {
	/** The XForm. */
	readonly formXml: string;
	/** The draft as saved, or null for a new one. */
	readonly instanceXml: string | null;
	/** What the draft said in `leftovers`; empty for a new one. */
	readonly leftovers: string;
	/** First values of a new draft. */
	readonly prefill: readonly PrefillDto[];
	readonly person: string;
	readonly device: string;
	readonly language: string;
	/** Now, RFC 3339 with the local date. */
	readonly now: () => string;
}

/** Why a form did not open. `detail` is for the log: the engine's English, without codes. */
export type SessionFailure =
	| { readonly code: "engine_missing"; readonly detail: string }
	| { readonly code: "form_unreadable"; readonly detail: string }
	| { readonly code: "draft_unreadable"; readonly detail: string };

export type Opened =
	{ readonly ok: true; readonly session: Session } | { readonly ok: false; readonly failure: SessionFailure };

const ENGINE_TIMEOUT_MS = 15_000;

/** Opens a form, new or from a draft. One engine form for each session: an instance is freed only with its form. */
export async function openSession(start: SessionStart): Promise<Opened> {
	const prepared = prepareForm(start.formXml, start.prefill);
	if (!prepared) return failed("form_unreadable", "not an XForm");
	if (start.instanceXml !== null && !isXml(start.instanceXml)) return failed("draft_unreadable", "not XML");
	let form: EngineForm;
	try {
		const engine = await loadEngine(ENGINE_TIMEOUT_MS);
		form = await engine.loadForm(prepared.xml, {
			fetchFormAttachment: () => Promise.resolve(new Response("", { status: 404 })),
		});
	} catch (error) {
		return failed(error instanceof EngineTimeout ? "engine_missing" : "form_unreadable", String(error));
	}
	if (form.status === "failure") return failed("form_unreadable", String(form.error));
	try {
		const root = await instanceOf(form, start);
		const session = new Session({
			form,
			root,
			empty: prepared.instance,
			photoLists: prepared.photoLists,
			person: start.person,
			now: start.now,
			saved: start.instanceXml === null ? null : { xml: start.instanceXml, leftovers: start.leftovers },
		});
		session.setLanguage(start.language);
		return { ok: true, session };
	} catch (error) {
		return failed(start.instanceXml === null ? "form_unreadable" : "draft_unreadable", String(error));
	}
}

async function instanceOf(form: EngineForm, start: SessionStart): Promise<EngineRoot> {
	const config: EngineConfig = {
		stateFactory: reactive,
		preloadProperties: { deviceID: start.device, username: start.person },
	};
	if (start.instanceXml === null) return form.createInstance(config).root;
	const data = new FormData();
	data.set("xml_submission_file", new File([start.instanceXml], "xml_submission_file", { type: "text/xml" }));
	return (await form.restoreInstance({ data: [data] }, config)).root;
}

const isXml = (text: string): boolean =>
	new DOMParser().parseFromString(text, "text/xml").querySelector("parsererror") === null;

const failed = (code: SessionFailure["code"], detail: string): Opened => ({
	ok: false,
	failure: { code, detail },
});

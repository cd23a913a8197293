import "./base.css";
import { mount } from "svelte";
import { chooseCore } from "./lib/core/chooseCore";
import type { FieldMap } from "./lib/map/fieldMap";
import Root from "./lib/views/Root.svelte";
import { Language } from "./lib/words/language.svelte";

/** What tests may read of the running page: the map, and when it has drawn everything once. */
interface Window_ {
	__faltkarta?: { readonly map: unknown; readonly ready: Promise<void> };
}

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");

const core = await chooseCore();
const language = new Language();
language.lead();

for (const name of ["error", "unhandledrejection"] as const) {
	window.addEventListener(name, (event) => {
		const thrown: unknown = event instanceof ErrorEvent ? event.error : event.reason;
		const text = thrown instanceof Error ? `${thrown.name}: ${thrown.stack ?? ""}`.slice(0, 2000) : name;
		void core.call("log_fault", { text });
	});
}

mount(Root, {
	target,
	props: {
		core,
		language,
		onready: (map: FieldMap) => {
			(window as unknown as Window_).__faltkarta = { map: map.machine, ready: map.ready };
		},
	},
});

import { mount, unmount } from "svelte";
import siteVisit from "../../../data/forms/arbetsplatsbesok.xml?raw";
import valve from "../../../data/forms/ventilmotionering.xml?raw";
import allsorts from "../contract/allsorts.xml?raw";
import type { DraftDto } from "../../src/lib/core/bindings";
import { DraftCore } from "./draftCore";
import FormsPage from "./FormsPage.svelte";
import "../../src/base.css";

declare global {
	interface Window {
		core: DraftCore;
		/** Takes the panel away as a window does that shows something else. */
		leave: () => void;
	}
}

const place = {
	lonDeg: 15.0419,
	latDeg: 59.5191,
	gridEM: 152_143,
	gridNM: 6_600_379,
	tmEM: 502_368,
	tmNM: 6_598_206,
};

/** A new draft as the core would give it. */
function draftOf(form: string): DraftDto {
	const isValve = form === "ventilmotionering";
	return {
		id: `draft-${form}`,
		form,
		formVersion: "1",
		title: isValve
			? { sv: "Ventilmotionering", en: "Valve exercise" }
			: { sv: "Arbetsplatsbesök", en: "Site visit" },
		localNumber: isValve ? "A3-018" : "A3-017",
		subjectDataset: isValve ? "valve" : "parcel",
		subjectId: "1",
		subjectLabel: isValve ? "Ventil AV-121" : "Exempelhyttan 1:3",
		prefill: isValve
			? [
					{ question: "nummer", value: "AV-121" },
					{ question: "stangriktning", value: "hö" },
					{ question: "antal_varv", value: "14" },
					{ question: "lage", value: "öppen" },
				]
			: [],
		formXml: form === "allsorts" ? allsorts : isValve ? valve : siteVisit,
		instanceXml: null,
		hiddenJson: "",
		photos: [],
		startedAt: new Date().toISOString(),
		savedAt: new Date().toISOString(),
		wasInterrupted: false,
		position: place,
	};
}

const query = new URLSearchParams(location.search);
window.core = new DraftCore();
const target = document.getElementById("app");
if (target) {
	const page = mount(FormsPage, {
		target,
		props: {
			core: window.core,
			draft: window.core.begin(draftOf(query.get("form") ?? "ventilmotionering")),
			language: query.get("language") === "en" ? "en" : "sv",
			mode: query.get("mode") ?? "sol",
		},
	});
	window.leave = () => void unmount(page);
}

import type { FormNode } from "../../src/lib/session/formNode.svelte";
import type { Session } from "../../src/lib/session/session";
import siteVisit from "../../../data/forms/arbetsplatsbesok.xml?raw";
import valve from "../../../data/forms/ventilmotionering.xml?raw";
import { begin, equal, everything, find, reopen, type Check } from "./harness";

const AV_121 = [
	{ question: "nummer", value: "AV-121" },
	{ question: "stangriktning", value: "hö" },
	{ question: "antal_varv", value: "14" },
	{ question: "lage", value: "öppen" },
	{ question: "funktion", value: "okänd" },
];

const shown = (session: Session): readonly string[] =>
	[...session.root.walk()]
		.filter((it: FormNode) => it.relevant && (it.isQuestion || it.kind === "note"))
		.map((it) => it.name);

/** What our own forms promise. */
export const formChecks: readonly Check[] = [
	{
		name: "a valve that works needs one answer, and its fields follow",
		run: async () => {
			const session = await begin(valve, AV_121);
			equal(
				session.problems().map((it) => it.node.name),
				["resultat"],
			);
			session.set(find(session, "resultat"), "fungerar");
			equal(session.problems().length, 0);
			const answers = session.answers();
			equal(answers["nummer"], "AV-121");
			equal(answers["funktion"], "fungerar");
			equal(answers["motionerad"], answers["datum"]);
			equal(answers["lage"], "öppen");
			equal(answers["antal_varv_efter"], null);
		},
	},
	{
		name: "a valve that was not found is not asked for turns and is not called exercised",
		run: async () => {
			const session = await begin(valve, AV_121);
			session.set(find(session, "resultat"), "ej_hittad");
			equal(shown(session).includes("antal_varv_efter"), false);
			equal(shown(session).includes("sokt_med"), true);
			equal(session.problems().length, 0);
			equal([session.answers()["motionerad"], session.answers()["funktion"]], [null, null]);
		},
	},
	{
		name: "turns beyond 500 are refused and a strange difference is remarked on",
		run: async () => {
			const session = await begin(valve, AV_121);
			session.set(find(session, "resultat"), "fungerar");
			session.set(find(session, "antal_varv_efter"), "501");
			equal(
				session.problems().map((it) => it.text),
				["Antal varv ska vara 0 till 500."],
			);
			session.set(find(session, "antal_varv_efter"), "20");
			equal(session.problems().length, 0);
			equal(find(session, "varv_avviker").relevant, true);
			equal(find(session, "varv_avviker").label.includes("skiljer 6"), true);
		},
	},
	{
		name: "a leaking valve is asked where, and whether it closed",
		run: async () => {
			const session = await begin(valve, AV_121);
			session.set(find(session, "resultat"), "lacker");
			equal(
				session.problems().map((it) => it.node.name),
				["stangd_helt", "lackage"],
			);
			session.set(find(session, "stangd_helt"), "nej");
			session.set(find(session, "lackage"), "spindel");
			equal(session.answers()["funktion"], "ej stängbar");
		},
	},
	{
		name: "deficiencies of a valve come back with their photos",
		run: async () => {
			let session = await begin(valve, AV_121);
			session.set(find(session, "resultat"), "trog");
			session.addRow(find(session, "brister"));
			session.set(find(session, "brist_text"), "Rost på spindeln");
			session.set(find(session, "brist_allvar"), "B");
			session.addRow(find(session, "brist_foton"));
			session.set(find(session, "brist_foto"), "99.jpg");
			const before = everything(session);
			session = await reopen(session, valve);
			equal(everything(session), before);
			equal(session.submission().photos, ["99.jpg"]);
		},
	},
	{
		name: "a site visit without deviation is complete when its seven points are answered",
		run: async () => {
			const session = await begin(siteVisit);
			const points = find(session, "kontroll").shown.filter((it) => it.kind === "choice");
			equal(points.length, 7);
			for (const point of points) session.set(point, "utan_avvikelse");
			equal(session.problems().length, 0);
		},
	},
	{
		name: "a deviation asks for observation and severity, counts, and forbids an assessment without remark",
		run: async () => {
			let session = await begin(siteVisit);
			for (const point of find(session, "kontroll").shown.filter((it) => it.kind === "choice")) {
				session.set(point, "utan_avvikelse");
			}
			session.set(find(session, "grund"), "avvikelse");
			equal(
				session.problems().map((it) => it.node.name),
				["grund_iakttagelse", "grund_allvar", "bedomning"],
			);
			session.set(find(session, "grund_iakttagelse"), "Täckskikt 22 mm mot föreskrivna 30 mm.");
			session.set(find(session, "grund_allvar"), "B");
			session.set(find(session, "bedomning"), "med_anmarkning");
			equal(session.answers()["antal_avvikelser"], 1);
			equal(session.problems().length, 0);
			session = await reopen(session, siteVisit);
			session.set(find(session, "grund"), "utan_avvikelse");
			session = await reopen(session, siteVisit);
			session.set(find(session, "grund"), "avvikelse");
			equal(find(session, "grund_iakttagelse").value, "Täckskikt 22 mm mot föreskrivna 30 mm.");
		},
	},
	{
		name: "every label and choice of both forms reads in both languages",
		run: async () => {
			for (const form of [valve, siteVisit]) {
				const session = await begin(form);
				for (const language of ["sv", "en"]) {
					session.setLanguage(language);
					for (const node of session.root.walk()) {
						if (node.isQuestion || node.kind === "repeat" || node.kind === "note") {
							equal(node.label === "" || node.label === "-", false, `${node.ref} in ${language}`);
						}
						for (const choice of node.choices)
							equal(choice.label === "" || choice.label === "-", false, node.ref);
					}
				}
			}
		},
	},
];

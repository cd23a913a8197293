import { openSession } from "../../src/lib/session/openSession";
import { allsorts, begin, equal, find, reopen, type Check } from "./harness";

/** What the interface relies on the engine and the session to do. */
export const ruleChecks: readonly Check[] = [
	{
		name: "a Swedish decimal comma is understood and kept",
		run: async () => {
			const session = await begin();
			equal(session.set(find(session, "decimal"), "12,5"), "ok");
			equal(find(session, "decimal").value, "12.5");
			equal(find(session, "decimal").text, "12,5");
			equal(session.answers()["decimal"], 12.5);
		},
	},
	{
		name: "text that is no number stays on screen, keeps the answer before it, is a problem and survives a save",
		run: async () => {
			let session = await begin();
			session.set(find(session, "heltal"), "7");
			equal(session.set(find(session, "heltal"), "12x"), "unparsable");
			equal(find(session, "heltal").value, "7");
			session = await reopen(session);
			equal(find(session, "heltal").text, "12x");
			equal(
				session.problems().some((it) => it.kind === "unparsable" && it.node.name === "heltal"),
				true,
			);
			equal(session.submission().ok, false);
			session.set(find(session, "heltal"), "8");
			equal(find(session, "heltal").text, "8");
		},
	},
	{
		name: "a time typed without seconds is kept",
		run: async () => {
			let session = await begin();
			session.set(find(session, "tid"), "8.15");
			session = await reopen(session);
			equal(find(session, "tid").value.startsWith("08:15:00"), true);
			equal(find(session, "tid").text, "08:15");
		},
	},
	{
		name: "a date typed in Swedish is kept as ISO",
		run: async () => {
			const session = await begin();
			session.set(find(session, "dag"), "29/5");
			equal(find(session, "dag").value, "2026-05-29");
		},
	},
	{
		name: "a position keeps nine decimals and its accuracy",
		run: async () => {
			let session = await begin();
			session.set(find(session, "plats"), "59.519123456 15.041987654 91.2 0.014");
			session = await reopen(session);
			equal(session.answers()["plats"], {
				latDeg: 59.519123456,
				lonDeg: 15.041987654,
				altitudeM: 91.2,
				accuracyM: 0.014,
			});
		},
	},
	{
		name: "a pasted control character cannot make a draft unreadable",
		run: async () => {
			let session = await begin();
			session.set(find(session, "namn"), 'a\u0000b\u000bc <&> "å"\r\nd');
			session = await reopen(session);
			equal(find(session, "namn").value, 'abc <&> "å"\nd');
		},
	},
	{
		name: "required and constraint speak the form's words in both languages",
		run: async () => {
			const session = await begin();
			session.set(find(session, "heltal"), "11");
			const texts = (): unknown => session.problems().map((it) => it.text);
			equal(texts(), ["Högst tio.", "Ett namn behövs."]);
			session.setLanguage("en");
			equal(texts(), ["At most ten.", "A name is needed."]);
		},
	},
	{
		name: "a question without a message of its own gives null",
		run: async () => {
			const session = await begin();
			session.set(find(session, "heltal"), "9");
			equal(find(session, "fri").error, { kind: "required", text: null });
		},
	},
	{
		name: "labels, labels with answers in them and choices change language at once",
		run: async () => {
			const session = await begin();
			session.set(find(session, "heltal"), "3");
			equal(find(session, "heltal").label, "Heltal");
			equal(find(session, "rader").label, "Rad 3");
			session.setLanguage("en");
			equal(find(session, "heltal").label, "Whole number");
			equal(find(session, "rader").label, "Row 3");
		},
	},
	{
		name: "a calculation follows its source, also over rows",
		run: async () => {
			const session = await begin();
			session.set(find(session, "heltal"), "4");
			equal(session.answers()["summa"], 8);
			session.addRow(find(session, "rader"));
			session.addRow(find(session, "rader"));
			session.set(find(session, "rad_tal", 1), "7");
			equal(session.answers()["antal"], 2);
			equal(session.answers()["storst"], 7);
		},
	},
	{
		name: "a choice that its filter no longer holds is cleared, and the log says that the form did it",
		run: async () => {
			const session = await begin();
			session.set(find(session, "del"), "trad");
			session.set(find(session, "smak"), "ek");
			equal(find(session, "smak").choices.length, 2);
			session.set(find(session, "del"), "frukt");
			equal(find(session, "smak").value, "");
			equal(
				session.log.some((it) => it.ref === "/data/smak" && it.cause === "form" && it.before === "ek"),
				true,
			);
		},
	},
	{
		name: "the log says who changed what, from what, to what",
		run: async () => {
			const session = await begin();
			session.set(find(session, "namn"), "Ek");
			equal(session.log.at(-1), {
				at: "2026-05-19T10:44:07+02:00",
				by: "anna",
				cause: "person",
				ref: "/data/namn",
				before: "",
				after: "Ek",
			});
		},
	},
	{
		name: "several choices are kept in a list, and their constraint counts them",
		run: async () => {
			const session = await begin();
			session.set(find(session, "flera"), ["a", "b", "c"]);
			equal(find(session, "flera").error?.kind, "constraint");
			session.set(find(session, "flera"), ["a", "c"]);
			equal(session.answers()["flera"], ["a", "c"]);
		},
	},
	{
		name: "a new form has no rows, so none is a valid answer, and that survives a save",
		run: async () => {
			let session = await begin();
			equal(session.answers()["rader"], []);
			session = await reopen(session);
			equal(find(session, "rader").children.length, 0);
			session.addRow(find(session, "rader"));
			equal(
				session.problems().some((it) => it.node.name === "rad_namn"),
				true,
			);
		},
	},
	{
		name: "a row taken out in the middle renumbers those after it",
		run: async () => {
			const session = await begin();
			for (const name of ["a", "b", "c"]) {
				const row = session.addRow(find(session, "rader"));
				const first = row?.children[0];
				if (first) session.set(first, name);
			}
			session.removeRow(find(session, "rader"), 1);
			equal(
				[0, 1].map((n) => [find(session, "rad_namn", n).ref, find(session, "rad_namn", n).value]),
				[
					["/data/rader[1]/rad_namn", "a"],
					["/data/rader[2]/rad_namn", "c"],
				],
			);
		},
	},
	{
		name: "a default of a question that was never shown still applies after a save",
		run: async () => {
			let session = await begin();
			session.set(find(session, "heltal"), "3");
			session = await reopen(await reopen(session).then(reopen));
			session.set(find(session, "heltal"), "7");
			equal(find(session, "aldrig_val").value, "c");
		},
	},
	{
		name: "the identity of an instance stays the same through saves",
		run: async () => {
			const id = (xml: string): string | undefined => /<instanceID>(.*)<\/instanceID>/u.exec(xml)?.[1];
			let session = await begin();
			const before = id(session.submission().xml);
			equal((before?.length ?? 0) > 10, true);
			session = await reopen(await reopen(session));
			equal(id(session.submission().xml), before);
		},
	},
	{
		name: "prefilled values stand in a new form, unless they are no choice of its list or lie in rows",
		run: async () => {
			const session = await begin(allsorts, [
				{ question: "namn", value: "AV-121" },
				{ question: "del", value: "ogräs" },
				{ question: "rad_namn", value: "x" },
				{ question: "finns_inte", value: "x" },
			]);
			equal(find(session, "namn").value, "AV-121");
			equal(find(session, "del").value, "");
			session.addRow(find(session, "rader"));
			equal(find(session, "rad_namn").value, "");
		},
	},
	{
		name: "a form or a draft that cannot be read is refused with a code",
		run: async () => {
			const start = {
				leftovers: "",
				prefill: [],
				person: "",
				device: "",
				language: "sv",
				now: () => "2026-05-19T10:44:07Z",
			};
			const code = async (formXml: string, instanceXml: string | null): Promise<unknown> => {
				const opened = await openSession({ ...start, formXml, instanceXml });
				return opened.ok ? "opened" : opened.failure.code;
			};
			equal(await code("not XML at all", null), "form_unreadable");
			equal(await code("<html/>", null), "form_unreadable");
			equal(await code(allsorts.replace("/data/heltal * 2", "/data/heltal * ("), null), "form_unreadable");
			equal(await code(allsorts, "<data"), "draft_unreadable");
		},
	},
	{
		name: "twenty sessions after each other are opened and closed",
		run: async () => {
			for (let n = 0; n < 20; n += 1) (await begin()).close();
		},
	},
];

import { begin, equal, everything, find, reopen, type Check } from "./harness";

/** The four ways in which the engine alone loses data. Each fails when the session's remedy is taken away. */
export const fourFaults: readonly Check[] = [
	{
		name: "a second save of a draft still names and hands out every photo",
		run: async () => {
			let session = await begin();
			session.set(find(session, "bild"), "aaaa.jpg");
			session.set(find(session, "bild2"), "bbbb.png");
			session = await reopen(session);
			session.set(find(session, "namn"), "Ek");
			session = await reopen(session);
			equal(session.draft().photos, ["aaaa.jpg", "bbbb.png"]);
			equal(session.submission().photos, ["aaaa.jpg", "bbbb.png"]);
			equal(/<bild>aaaa\.jpg<\/bild>/u.test(session.submission().xml), true);
		},
	},
	{
		name: "a restored photo can be removed and stays removed",
		run: async () => {
			let session = await begin();
			session.set(find(session, "bild"), "aaaa.jpg");
			session = await reopen(session);
			session.set(find(session, "bild"), "");
			equal(find(session, "bild").value, "");
			session = await reopen(session);
			equal(session.draft().photos, []);
			equal(session.submission().xml.includes("aaaa.jpg"), false);
		},
	},
	{
		name: "two photos of one camera name keep their own files",
		run: async () => {
			// The core names by content, so both of the camera's image.jpg arrive here under names of their own.
			const session = await begin();
			const foton = find(session, "dold_foton");
			for (const name of ["1111.jpg", "2222.jpg"]) {
				const row = session.addRow(foton);
				const foto = row?.children[0];
				if (foto) session.set(foto, name);
			}
			equal(session.submission().photos, ["1111.jpg", "2222.jpg"]);
			equal((await reopen(session)).draft().photos, ["1111.jpg", "2222.jpg"]);
		},
	},
	{
		name: "hidden answers, rows and photos come back when they are shown again after a save",
		run: async () => {
			let session = await begin();
			session.set(find(session, "dold_text"), "sju");
			session.set(find(session, "dold_val"), "a");
			for (const name of ["0.jpg", "1.jpg", "2.jpg"]) {
				const row = session.addRow(find(session, "dold_foton"));
				const [foto, not] = row?.children ?? [];
				if (foto && not) {
					session.set(foto, name);
					session.set(not, `not ${name}`);
				}
			}
			session.removeRow(find(session, "dold_foton"), 1);
			session.set(find(session, "grind"), "nej");
			equal(session.submission().photos, [], "photos of a submission");
			equal(session.submission().xml.includes("sju"), false, "hidden answer in the submission");
			const before = everything(session);
			for (let round = 0; round < 3; round += 1) {
				session = await reopen(session);
				equal(everything(session), before, `round ${round}`);
			}
			session.set(find(session, "grind"), "ja");
			equal(find(session, "dold_text").value, "sju");
			equal(find(session, "dold_val").value, "a");
			equal(session.submission().photos, ["0.jpg", "2.jpg"]);
			equal(find(session, "dold_not", 1).value, "not 2.jpg");
		},
	},
];

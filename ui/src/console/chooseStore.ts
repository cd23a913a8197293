import { HttpStore, type ConsoleStore } from "./httpStore";

/** The store that serves this page, or the invented one of the screens (`?store=fake`, only in builds of mode `fake` and in development). */
export async function chooseStore(): Promise<ConsoleStore> {
	const query = new URLSearchParams(location.search);
	if ((import.meta.env.DEV || import.meta.env.MODE === "fake") && query.get("store") === "fake") {
		const { startFakeStore } = await import("./fake/startFakeStore");
		return startFakeStore(query);
	}
	return new HttpStore();
}

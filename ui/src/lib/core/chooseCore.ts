import type { Core } from "./core";
import { HttpCore } from "./httpCore";

/**
 * The core that this page can reach: the desktop shell, the invented one of the screen tests
 * (`?core=fake`, only in builds of mode `fake` and in development), or a bridge on the same origin.
 */
export async function chooseCore(): Promise<Core> {
	if ("__TAURI_INTERNALS__" in window) {
		const { TauriCore } = await import("./tauriCore");
		return new TauriCore();
	}
	const query = new URLSearchParams(location.search);
	if ((import.meta.env.DEV || import.meta.env.MODE === "fake") && query.get("core") === "fake") {
		const { startFakeCore } = await import("./fake/startFakeCore");
		return startFakeCore(query);
	}
	return new HttpCore(location.origin);
}

import { FakeStore } from "./fakeStore";

/** An invented store as the address asks for it: `deliveries=none`, `stop=CODE`, `upload=stands_still` or a code. */
export function startFakeStore(query: URLSearchParams): FakeStore {
	const store = new FakeStore();
	if (query.get("deliveries") === "none") store.all = [];
	const code = query.get("stop");
	if (code !== null)
		store.all = store.all.map((it) => (it.state === "stopped" ? { ...it, code, facts: {} } : it));
	const fate = query.get("upload");
	if (fate !== null) store.uploadFate = fate === "stands_still" ? fate : { code: fate };
	return store;
}

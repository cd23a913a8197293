/**
 * Gives the engine its reactive objects: one raw signal for each key.
 *
 * Shallow, since the engine replaces values whole; a deep proxy of a long list of choices costs seconds to mount.
 */
export function reactive<State extends object>(initial: State): State {
	const out = {};
	for (const [key, first] of Object.entries(initial)) {
		let value: unknown = $state.raw(first);
		Object.defineProperty(out, key, {
			enumerable: true,
			get: () => value,
			set: (next: unknown) => {
				value = next;
			},
		});
	}
	// Same keys and same values by construction.
	return out as State;
}

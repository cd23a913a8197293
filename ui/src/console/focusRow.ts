import { tick } from "svelte";

/** Puts the focus back on the row whose detail was closed. */
export async function focusRow(row: string | null): Promise<void> {
	await tick();
	document.querySelector<HTMLElement>(`[data-row="${CSS.escape(row ?? "")}"] button`)?.focus();
}

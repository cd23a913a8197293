import type { FormNode } from "../session/formNode.svelte";

/** The element that a question's link leads to and its label names. */
export const fieldId = (node: FormNode): string => `q-${node.id.replace(/\W/gu, "-")}`;

/** The element that holds a question's error text. */
export const errorId = (node: FormNode): string => `${fieldId(node)}-error`;

/** The element that holds a question's hint. */
export const hintId = (node: FormNode): string => `${fieldId(node)}-hint`;

/** What a reader hears after the name of a field: its hint, then its error. */
export const describedBy = (node: FormNode): string => `${hintId(node)} ${errorId(node)}`;

import type { CardDto, FormDto } from "../core/bindings";

/** What can be done from a card. */
export type Act =
	| { readonly kind: "applies" }
	| { readonly kind: "duties" }
	| { readonly kind: "form"; readonly form: FormDto }
	| { readonly kind: "zoom" }
	| { readonly kind: "copy" };

/** As many acts stand as buttons; the rest lies under the card's menu. */
export const N_ACTS_SHOWN = 4;

/** Roles whose first question is what applies there. */
const asked: readonly string[] = ["parcel", "address", "building"];

/** Acts of a card, the most likely first. */
export function actsOf(card: CardDto, forms: readonly FormDto[]): Act[] {
	const own: Act[] = forms
		.filter((form) => card.forms.includes(form.id))
		.map((form) => ({ kind: "form", form }));
	const isPlaced = card.position !== null;
	const asks = asked.includes(card.role) && (isPlaced || card.role === "parcel");
	const [first, ...others] = own;
	return [
		...(asks ? [{ kind: "applies" } as const] : first ? [first] : []),
		...(isPlaced ? [{ kind: "duties" } as const] : []),
		...(asks ? own : others),
		{ kind: "zoom" },
		...(isPlaced ? [{ kind: "copy" } as const] : []),
	];
}

/** Acts of a bare place. */
export function actsOfPlace(forms: readonly FormDto[]): Act[] {
	return [
		{ kind: "applies" },
		{ kind: "duties" },
		...forms.map((form) => ({ kind: "form", form }) as const),
		{ kind: "copy" },
	];
}

import { m } from "../lib/words/generated/messages.js";
import type { ConsoleDeliveryDto } from "./bindings";
import { counted, nProblems, sumOf } from "./deliveryText";
import type { Place } from "./problemPlaces";

/** A problem's place. Numbered as in its list when that is open, dim when another is. */
export interface Mark extends Place {
	readonly number: number | null;
	readonly isDim: boolean;
}

/** Names one kind of problem in one dataset of a delivery. */
export function problemKey(dataset: string, code: string): string {
	return `${dataset}/${code}`;
}

/** Every told problem that has a place. `open` is the key of the list that is open. */
export function marksOf(delivery: ConsoleDeliveryDto, open: string | null): readonly Mark[] {
	return delivery.datasets.flatMap(({ dataset, problems }) =>
		problems.flatMap(({ code, examples }) => {
			const isOpen = problemKey(dataset, code) === open;
			return examples.flatMap(({ eastingM, northingM }, idx) =>
				eastingM === null || northingM === null
					? []
					: [{ eastingM, northingM, number: isOpen ? idx + 1 : null, isDim: open !== null && !isOpen }],
			);
		}),
	);
}

/** `7 objekt, inget stoppar`. */
export function problemsSum(delivery: ConsoleDeliveryDto): string {
	if (nProblems(delivery) === 0) return m.delivery_no_problems();
	const nStopping = sumOf(delivery, (it) =>
		it.problems.reduce((sum, problem) => sum + (problem.isBlocking ? problem.count : 0), 0),
	);
	const stops = nStopping === 0 ? m.delivery_stops_none() : m.delivery_stops(counted(nStopping));
	const nObjects = sumOf(delivery, (it) => it.nFlagged + it.nRefused);
	return nObjects === 0 ? stops : m.delivery_problems_sum({ ...counted(nObjects), stops });
}

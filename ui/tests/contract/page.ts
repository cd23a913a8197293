import { fourFaults } from "./fourFaults";
import { formChecks } from "./formChecks";
import { ruleChecks } from "./ruleChecks";
import { sequenceChecks } from "./sequenceChecks";

interface Outcome {
	readonly name: string;
	readonly fault: string | null;
	readonly ms: number;
}

declare global {
	interface Window {
		runChecks: (only: string) => Promise<readonly Outcome[]>;
	}
}

window.runChecks = async (only) => {
	const outcomes: Outcome[] = [];
	for (const { name, run } of [...fourFaults, ...ruleChecks, ...formChecks, ...sequenceChecks]) {
		if (!name.includes(only)) continue;
		const from = performance.now();
		let fault: string | null = null;
		try {
			await run();
		} catch (error) {
			fault = error instanceof Error ? error.message : String(error);
		}
		outcomes.push({ name, fault, ms: performance.now() - from });
	}
	return outcomes;
};

/**
 * What we use of `@getodk/xforms-engine` 0.22.0, in our own words.
 *
 * The package's declarations point at modules that are not published, so its types arrive as `any`. These interfaces
 * are the whole surface that the session touches: an upgrade or another evaluator has to give exactly this.
 */
export interface EngineText {
	readonly asString: string;
}

export interface EngineOption {
	readonly value: string;
	readonly label: EngineText;
	/** Other columns of the choices sheet. */
	readonly properties?: readonly (readonly [string, string])[];
}

export interface EngineState {
	readonly reference: string;
	readonly readonly: boolean;
	readonly relevant: boolean;
	readonly required: boolean;
	readonly label: EngineText | null;
	readonly hint: EngineText | null;
	readonly children: readonly EngineNode[] | null;
	readonly valueOptions: readonly EngineOption[] | null;
	/** The text that stands in the instance; absent on nodes that hold others. */
	readonly instanceValue?: string;
}

export interface EngineViolation {
	readonly condition: "constraint" | "required";
	/** Null when the form says nothing; then our own catalogue speaks. */
	readonly message: EngineText | null;
}

export interface EngineNode {
	readonly nodeType: string;
	readonly nodeId: string;
	/** `int`, `date` … on nodes with a value. */
	readonly valueType?: string;
	/** `select1` or `select`. */
	readonly selectType?: string;
	readonly appearances: Iterable<string> | null;
	readonly parent: EngineNode | null;
	readonly currentState: EngineState;
	readonly validationState: { readonly violation?: EngineViolation | null };
	setValue?(value: string): unknown;
	selectValue?(value: string | null): unknown;
	selectValues?(values: readonly string[]): unknown;
	addInstances?(afterIndex?: number, count?: number): unknown;
	removeInstances?(startIndex: number, count?: number): unknown;
}

export interface EngineLanguage {
	readonly language: string;
}

export interface EngineRoot extends EngineNode {
	readonly languages: readonly EngineLanguage[];
	readonly instanceState: { readonly instanceXML: string };
	setLanguage(language: EngineLanguage): unknown;
}

export interface EngineConfig {
	readonly stateFactory: <State extends object>(initial: State) => State;
	readonly preloadProperties: { readonly deviceID: string; readonly username: string };
}

export interface EngineForm {
	readonly status: "success" | "warning" | "failure";
	readonly error: unknown;
	createInstance(config: EngineConfig): { readonly root: EngineRoot };
	restoreInstance(
		input: { readonly data: readonly [FormData] },
		config: EngineConfig,
	): Promise<{ readonly root: EngineRoot }>;
	resetInstance(): unknown;
}

export interface Engine {
	loadForm(
		xml: string,
		options: { readonly fetchFormAttachment: (url: URL) => Promise<Response> },
	): Promise<EngineForm>;
}

/** The engine's chunk did not arrive; without `wasm-unsafe-eval` its import never settles. */
export class EngineTimeout extends Error {}

/** Fetches the lazy chunk, and gives up after `timeoutMs`: under a wrong CSP the import neither ends nor fails. */
export async function loadEngine(timeoutMs: number): Promise<Engine> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => {
			reject(new EngineTimeout());
		}, timeoutMs);
	});
	try {
		const module: unknown = await Promise.race([import("@getodk/xforms-engine"), late]);
		// The only cast to our own types: the package's are `any` (see above).
		return module as Engine;
	} finally {
		clearTimeout(timer);
	}
}

import { createContext } from "svelte";
import type { Inspection } from "./inspection.svelte";

/** The inspection that is being filled, for every control below the panel. */
export const [useInspection, provideInspection] = createContext<Inspection>();

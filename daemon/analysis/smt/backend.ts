import type { Script } from "./script.ts";

export interface AskOptions {
  /** The solver's own limit; a little later its process is killed. */
  readonly deadline_ms: number;
  readonly memory_bytes_max: number;
  readonly signal?: AbortSignal;
}

/** One way to run z3. Whatever it runs in dies alone. */
export interface Backend {
  readonly solver: "z3-native" | "z3-wasm";
  /** As the solver says it; `null` where it is not there. */
  version(): Promise<string | null>;
  /** All the solver printed. Throws MaestroError `worker.*` where it did not get to the end, `request.cancelled`. */
  ask(script: Script, options: AskOptions): Promise<string>;
  close(): Promise<void>;
}

/** After its own limit a solver needs this long to say so, under load. */
export const GRACE_MS = 2_000;
/** A model with its sequences and arrays written out. */
export const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

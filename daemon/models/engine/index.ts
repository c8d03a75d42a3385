/** A process with a native engine in it: started on demand, several requests at once, ended when idle, replaced when it dies. */
import type { Validator } from "../../platform/process/envelope.ts";

export interface EngineStatus {
  readonly state: "ended" | "starting" | "ready" | "suspended";
  readonly pid: number | null;
  readonly running: number;
  readonly deaths: number;
  readonly memory_bytes: number;
}

export interface AskOptions<Reply, Progress = never> {
  readonly validate: Validator<Reply>;
  readonly deadline_ms: number;
  /** Aborted, the process is told to stop the request, and its answer is waited for; what is answered then is the caller's to read. */
  readonly signal?: AbortSignal;
  readonly progress?: { readonly validate: Validator<Progress>; readonly take: (value: Progress) => void };
}

/** What `createEngine` returns; `Opened` is what the process said of itself when it was open. */
export interface Engine<Opened> {
  /** Starts the process where there is none. */
  open(): Promise<Opened>;
  /** One request among others. Rejects with `models.died` where the process ended first, `models.load` or `models.memory` where none can be started, or with the process's own refusal. */
  ask<Reply, Progress = never>(job: unknown, options: AskOptions<Reply, Progress>): Promise<Reply>;
  status(): EngineStatus;
  close(): Promise<void>;
}

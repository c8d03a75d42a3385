/** A process with a native engine in it: started on demand, several requests at once, ended when idle, replaced when it dies. */
export { Engine, type EngineLimits, type EngineSeat, type EngineSpec, type EngineStart, type EngineStatus } from "./engine.ts";
export type { AskOptions } from "./dialogue.ts";
export { PlaceLine, PRIORITY } from "./place-line.ts";
export type { Patience } from "./patience.ts";

/** Who may phrase a draft beside the rules. Whoever puts the daemon together hands arms in, best first; the rules are always there. */
import type { DraftPath } from "../../proto/drafting.ts";
import { MaestroError } from "../../proto/errors.ts";

/** Turns for a model with a template of them; a text for one that only goes on. */
export type Asked = { readonly system: string; readonly user: string } | { readonly text: string };

/** Bounded, so that whatever the model says, the answer ends. */
const PHRASE_SCHEMA = { type: "object", properties: { sentences: { type: "array", items: { type: "string", maxLength: 300 }, minItems: 1, maxItems: 3 } }, required: ["sentences"] } as const;

/** A model that loses the thread writes until it is stopped. */
const CONTINUED_SCHEMA = { type: "object", properties: { sentences: { type: "array", items: { type: "string", maxLength: 240 }, minItems: 1, maxItems: 2 } }, required: ["sentences"] } as const;

export interface ArmAnswer {
  readonly text: string;
  readonly cpu_us: number;
  readonly gpu_us: number;
  readonly tokens: number;
  readonly usd_micro: number;
  readonly model_digest: string;
  readonly engine: string;
}

export interface Arm {
  readonly path: Exclude<DraftPath, "rules">;
  readonly model: string;
  /** Why this one: capability, price, policy, seal. */
  readonly because: string;
  /** It has no template of turns: it goes on with a text, and follows no order. */
  readonly continues?: boolean;
  /** Admitted, paid for and counted by whoever made the arm. Throws `models.*`, `tenant.budget`, `egress.*`, `request.cancelled`. */
  run(prompt: Asked, schema: unknown, task: string, signal: AbortSignal): Promise<ArmAnswer>;
}

/** A worker that was killed under one draft costs one more try of it, by the worker that stands in its place; one that dies under the same question again is not fed a third. */
export async function askArm(arm: Arm, prompt: Asked, task: string, signal: AbortSignal): Promise<ArmAnswer> {
  const schema = "text" in prompt ? CONTINUED_SCHEMA : PHRASE_SCHEMA;
  try {
    return await arm.run(prompt, schema, task, signal);
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "models.died" || signal.aborted) throw error;
    return arm.run(prompt, schema, task, signal);
  }
}

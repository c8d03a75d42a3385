/** A gate for a hook: as `maestro gate` runs it, without printing, and with an end. */
import type { GateResult } from "../../../proto/api.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { ClientEnvironment } from "../../client/git.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { planChange } from "../../client/pack.ts";
import { acrossRestart } from "../../client/session.ts";
import type { Values } from "../command.ts";
import { place } from "../place.ts";
import { sendPack } from "../send-pack.ts";
import { quoted } from "./reasons.ts";

export interface GateAsked {
  readonly client: MaestroClient;
  readonly path: string;
  readonly head: string;
  /** Commit to merge onto; absent, the repository's own target branch. */
  readonly target?: string | undefined;
  /** What the target is called, where its commit alone was given. */
  readonly target_ref?: string | undefined;
  readonly env?: ClientEnvironment | undefined;
  readonly values: Values;
  readonly deadline_ms: number;
}

export interface Gated {
  readonly result: GateResult;
  /** The branch that the verdict is for. */
  readonly target_ref: string;
}

/** Throws what planning and gating throw, and `request.timeout` past the deadline. */
export async function gateNow({ client, path, head, target, target_ref, env, values, deadline_ms }: GateAsked): Promise<Gated> {
  const abort = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new MaestroError("request.timeout", `no verdict within ${deadline_ms} ms`));
    abort.abort();
  }, deadline_ms);
  const work = async (): Promise<Gated> => {
    const planned = await planChange(path, { head, target, env });
    const named = target_ref === undefined ? planned : { ...planned, target_ref };
    const { plan, mode } = await place(client, path, named, values);
    const result = await acrossRestart(async () => {
      const intake_id = await sendPack(client, plan, mode);
      return decision(client.gate({ intake_id, target_ref: plan.target_ref, target: plan.target, head: plan.head }, abort.signal));
    });
    return { result, target_ref: plan.target_ref };
  };
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function decision(events: ReturnType<MaestroClient["gate"]>): Promise<GateResult> {
  let result: GateResult | undefined;
  for await (const event of events) if (event.event === "result") result = event;
  if (result === undefined) throw new MaestroError("worker.protocol", "the daemon's reply ended without a decision");
  return result;
}

const REASONS_MAX = 8;

/** The deciding reasons and the steps that remove them, for whoever has to act; text of the change stands in quotation marks. */
export function verdictText({ card }: GateResult): string {
  const deciding = card.reasons.filter(({ effect, observed }) => effect !== "note" && !observed);
  const lines = deciding.slice(0, REASONS_MAX).map(({ rule, because }) => `- ${rule}: ${quoted(because)}`);
  const more = deciding.length > REASONS_MAX ? [`- and ${deciding.length - REASONS_MAX} more`] : [];
  const next = card.next.map(({ text, command }) => `  next: ${text}${command === null ? "" : ` (${command.join(" ")})`}`);
  return [...lines, ...more, ...next, `  card: maestro card ${card.head.slice(0, 12)}`].join("\n");
}

/** What to gate: what the caller named, else what the CI job is about, else the newest change of the repository. */
import { MaestroError } from "../../../../proto/errors.ts";
import { planChange, type ChangePlan } from "../../../client/pack.ts";
import { escapeTerminal } from "../../card/escape/terminal.ts";
import { textOf, type Values } from "../../command.ts";
import { note } from "../../output.ts";
import { ciChange, type CiChange } from "./event.ts";
import { readEvent } from "./read-event.ts";

export interface Planned {
  readonly plan: ChangePlan;
  /** The caller's options, with target and head filled in where the CI job says them. */
  readonly values: Values;
}

/** Null where the caller said what is meant: another repository than the job's, or a change of its own. */
function ofJob(path: string | undefined, values: Values, env: Readonly<Record<string, string | undefined>>): CiChange | null {
  const named = path !== undefined || values["target"] !== undefined || values["head"] !== undefined;
  return named ? null : ciChange(env, readEvent);
}

/** Throws what `planChange` and `ciChange` throw. */
export async function planNamed(path: string | undefined, values: Values, env: Readonly<Record<string, string | undefined>>): Promise<Planned> {
  const change = ofJob(path, values, env);
  if (change === null) return { plan: await planChange(path ?? ".", { target: textOf(values, "target"), head: textOf(values, "head") }), values };
  const { event, target, target_ref, head } = change;
  note(`maestro: ${event}: ${escapeTerminal(head)} against ${escapeTerminal(target)}`);
  try {
    const plan = await planChange(".", { target, head });
    return { plan: target_ref === null ? plan : { ...plan, target_ref }, values: { ...values, target, head } };
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "git.unknown_ref") throw error;
    throw new MaestroError("git.unknown_ref", `${error.detail} is not in this job's clone; check out the whole history with its branches (docs/ci/)`, { cause: error });
  }
}

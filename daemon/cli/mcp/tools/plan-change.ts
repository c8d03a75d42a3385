/** `plan_change`: as `maestro plan`, which reads announced command lines as the agents' hook does. */
import type { Static } from "@sinclair/typebox";
import { MaestroError } from "../../../../proto/errors.ts";
import type { Values } from "../../command.ts";
import { withCommands } from "../../commands/plan.ts";
import { connectOrStart } from "../../connect.ts";
import { identify } from "../../hooks/identify.ts";
import { quoted } from "../quoted.ts";
import { LIST_MAX, type PlanInput } from "../schemas.ts";
import type { Call, Said } from "../tool.ts";

export async function planned(values: Values, given: Static<typeof PlanInput>, { signal }: Call): Promise<Said> {
  const { repository: path = ".", files = [], actions = [], actor, budget } = given;
  if (files.length === 0 && actions.length === 0) throw new MaestroError("cli.usage", "plan_change needs files or actions");
  const { client } = await connectOrStart(values);
  const { repository, mode } = await identify(client, path, "HEAD", values);
  const said = await client.plan({ repository, mode, files, actions, ...(actor === undefined ? {} : { actor }), ...(budget === undefined ? {} : { budget }) }, signal);
  const commands = actions.flatMap((action) => (action.do === "run" ? [action.command] : []));
  const reply = withCommands(said, commands, values);
  const reasons = reply.reasons.slice(0, LIST_MAX.reasons);
  const structured = {
    answer: reply.answer,
    actor: reply.actor,
    reasons: reasons.map(({ rule, effect, observed, because, where }) => ({ rule, effect, observed, because: quoted(because), where: where.map(quoted) })),
    reasons_left_out: reply.reasons.length - reasons.length,
    next: reply.next,
    not_seen: reply.not_seen.map(quoted),
  };
  return { headline: `${reply.answer.toUpperCase()}. Next: ${reply.next[0]?.text ?? "nothing"}.`, structured };
}

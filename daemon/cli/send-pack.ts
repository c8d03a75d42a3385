/** The upload of a change, apart from the commands that ask for it: a hook loads no more than it needs. */
import type { RequestOf } from "../../proto/routes.ts";
import type { MaestroClient } from "../client/maestro.ts";
import type { ChangePlan } from "../client/pack.ts";
import { escapeTerminal } from "./card/escape/terminal.ts";
import { note } from "./output.ts";

/** Streams the change's objects; the daemon never opens a path of ours. */
export async function sendPack(client: MaestroClient, plan: Pick<ChangePlan, "repository" | "object_format" | "cuts" | "tips" | "pack">, mode: RequestOf<"openIntake">["mode"] = "local"): Promise<string> {
  const { intake_id } = await client.openIntake({ repository: plan.repository, mode, object_format: plan.object_format, cuts: [...plan.cuts], tips: [...plan.tips] });
  const { warnings } = await client.sendPack(intake_id, plan.pack);
  for (const warning of warnings) note(`maestro: git warns: ${escapeTerminal(warning)}`);
  return intake_id;
}

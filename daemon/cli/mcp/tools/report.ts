/** `report`: figures of a window. Those by person stay out: they are for the host's own report, where the operator asks for them. */
import type { Static } from "@sinclair/typebox";
import { EVERY_REPOSITORY } from "../../../../proto/report-kpi.ts";
import type { Values } from "../../command.ts";
import { connectOrStart } from "../../connect.ts";
import { quoted, quotedOrNull } from "../quoted.ts";
import { LIST_MAX, type ReportInput } from "../schemas.ts";
import type { Said } from "../tool.ts";

export async function report(values: Values, { window = "7d", host_repository = EVERY_REPOSITORY }: Static<typeof ReportInput>): Promise<Said> {
  const { client } = await connectOrStart(values);
  const reply = await client.report(window, host_repository);
  const rules = reply.rules.slice(0, LIST_MAX.others);
  const structured = {
    window: reply.window,
    repository: quotedOrNull(reply.repository),
    gates: reply.gates,
    kpis: reply.kpis.map((kpi) => ({ ...kpi, parts: kpi.parts.map(({ name, value }) => ({ name: quoted(name), value })) })),
    rules,
    rules_left_out: reply.rules.length - rules.length + reply.rules_cut,
  };
  return { headline: `${reply.gates.counted} gates in ${window}`, structured };
}

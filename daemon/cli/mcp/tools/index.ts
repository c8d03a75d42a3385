/** Runs a tool of the list. Loaded at the first call, so that a server that is only listed stays small. */
import type { TSchema, Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { MaestroError } from "../../../../proto/errors.ts";
import type { Values } from "../../command.ts";
import type { Params } from "../rpc.ts";
import { SCHEMAS, type ToolName } from "../schemas.ts";
import type { Call, Said } from "../tool.ts";
import { explainDecision } from "./explain-decision.ts";
import { gateChange } from "./gate-change.ts";
import { listRules } from "./list-rules.ts";
import { planned } from "./plan-change.ts";
import { proposeWaiver } from "./propose-waiver.ts";
import { report } from "./report.ts";

const PROBLEMS_MAX = 3;

/** The arguments, once they fit. Throws `cli.usage`, which an agent can read and mend. */
function fitting<T extends TSchema>(schema: T, args: Params): Static<T> {
  if (Value.Check(schema, args)) return args;
  const problems = [...Value.Errors(schema, args)].slice(0, PROBLEMS_MAX).map(({ path, message }) => `${path === "" ? "arguments" : path}: ${message}`);
  throw new MaestroError("cli.usage", problems.join("; "));
}

type Run = (values: Values, args: Params, call: Call) => Promise<Said>;

const tool = <N extends ToolName>(name: N, work: (values: Values, args: Static<(typeof SCHEMAS)[N]["input"]>, call: Call) => Promise<Said>): Run => (values, args, call) => work(values, fitting(SCHEMAS[name].input, args), call);

const RUN: Readonly<Record<ToolName, Run>> = {
  gate_change: tool("gate_change", gateChange),
  explain_decision: tool("explain_decision", explainDecision),
  plan_change: tool("plan_change", planned),
  propose_waiver: tool("propose_waiver", proposeWaiver),
  list_rules: tool("list_rules", listRules),
  report: tool("report", report),
};

export function runTool(values: Values, name: string, args: Params, call: Call): Promise<Said> {
  if (!Object.hasOwn(RUN, name)) throw new MaestroError("cli.usage", `there is no tool ${name}`);
  return RUN[name as ToolName](values, args, call);
}

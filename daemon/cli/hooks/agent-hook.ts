/** `maestro hook AGENT`: payload in, answer out, by that agent's own contract. Whatever goes wrong in between blocks. */
import { MaestroError } from "../../../proto/errors.ts";
import type { Locations } from "../../../proto/locations.ts";
import { BLOCK, Misread, type Answer, type Call, type Reply } from "./agents/agent.ts";
import { AGENTS, type AgentName } from "./agents/index.ts";
import { within } from "./deadline.ts";
import { payloadIn, readInput } from "./input.ts";
import { judgeCall, type Authority } from "./judge.ts";
import { unableReason } from "./reasons.ts";

export interface AgentHookOptions {
  readonly agent: AgentName;
  /** The event the hook was set up for, where the payload may not name one. */
  readonly event: string | null;
  readonly input: ReadableStream<Uint8Array>;
  readonly cwd: string;
  readonly locations: Pick<Locations, "state_dir" | "host_config_path">;
  readonly authority: Authority;
  readonly deadline_ms?: number;
}

/** Under the time an agent gives its hooks in the settings that `maestro init` writes: past that it would go on without an answer. */
const HOOK_DEADLINE_MS = 50_000;

const WAY_OUT = "Run `maestro doctor`; if the agent is newer than this Maestro, update Maestro or ask the person to take the hook out with `maestro init --remove`.";

/** Throws nothing but what cannot be caught: a bug in here is a block too. */
export async function agentHook(options: AgentHookOptions): Promise<Reply> {
  const agent = AGENTS[options.agent];
  let call: Call | null = null;
  let answer: Answer;
  try {
    const read = agent.read(payloadIn(await readInput(options.input)), options.event);
    call = read;
    answer = await within(options.deadline_ms ?? HOOK_DEADLINE_MS, () => judgeCall(read, options));
  } catch (error) {
    const what = error instanceof MaestroError ? `${error.code}: ${error.detail}` : error instanceof Misread ? `${options.agent} sent what this version does not know: ${error.message}` : `an error inside Maestro: ${error instanceof Error ? error.message : "unknown"}`;
    answer = { kind: "deny", reason: unableReason(what, WAY_OUT) };
  }
  const reply = agent.write(answer, call?.kind === "stop");
  // Nothing was understood, so nobody knows what would stop it but the one code that all take for a block.
  return call === null && options.agent !== "copilot" ? { ...reply, code: BLOCK } : reply;
}

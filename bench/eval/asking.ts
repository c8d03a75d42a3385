/** Asks for a draft as anybody does: `maestro gate`, then over the socket what `maestro explain GATE --draft` asks for. */
import type { World } from "../../daemon/e2e/testing/world.ts";
import type { Draft } from "../../proto/drafting.ts";
import { repositoryOf, type Change } from "./changes.ts";
import { CONSTANTS, firstLines } from "./answerers.ts";
import type { Drafted } from "./figures.ts";
import type { Answer } from "./grading.ts";
import type { Scenario } from "./scenario.ts";

export interface Asked extends Answer {
  readonly verdict?: string;
  readonly draft?: Drafted;
}
export type Answerer = (scenario: Scenario, change: Change) => Promise<Asked>;

/** `both` leaves the choice of the arm to the daemon. */
export const PATHS = ["rules", "local", "both"] as const;
export type Path = (typeof PATHS)[number];

const drafted = ({ path, because, cost, model, prompt, text }: Draft): Drafted => ({
  path, because, usd_micro: cost.usd_micro, cpu_us: cost.cpu_us, gpu_us: cost.gpu_us, text,
  ...(model === undefined ? {} : { model: `${model.name} ${model.digest} by ${model.engine}` }), ...(prompt === undefined ? {} : { prompt: `${prompt.name} ${prompt.version} ${prompt.sha256}` }),
});

/** What the command prints, where a scenario asks what becomes of hostile text there. */
async function facesOf(world: World, scenario: Scenario, ask: readonly string[]): Promise<string[]> {
  if (!scenario.checks.some((check) => "escaped" in check)) return [];
  return [(await world.run([...ask, "--embedded"])).stdout];
}

export function askingDaemon(world: World, path: Path): Answerer {
  return async (scenario, change) => {
    const judged = await world.judged(await repositoryOf(world, change, scenario.report));
    const [named] = path === "both" ? [] : [path];
    const reply = await world.client.draft({ gate_id: judged.gate_id, tasks: [scenario.task], ...(named === undefined ? {} : { path: named }) });
    const [draft] = reply.drafts;
    if (draft === undefined) throw new Error("no draft");
    return { text: draft.text, faces: await facesOf(world, scenario, ["explain", judged.gate_id, "--draft", scenario.task, ...(named === undefined ? [] : ["--path", named])]), verdict: judged.verdict, draft: drafted(draft) };
  };
}

/** Those who do not read. */
export function unread(name: string): Answerer {
  return async (scenario, change) => {
    const text = CONSTANTS[name] ?? firstLines(scenario, change);
    return Promise.resolve({ text, faces: [text] });
  };
}
export const UNREAD = [...Object.keys(CONSTANTS), "first lines"];

/** Asks for a draft as anybody does: `maestro gate`, then `maestro explain GATE --draft`. */
import { Value } from "@sinclair/typebox/value";
import type { World } from "../../daemon/e2e/testing/world.ts";
import { Draft, type DraftPath } from "../../proto/drafting.ts";
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

/** Where in the document a draft stands is the command's business. */
function draftIn(document: unknown): Draft | null {
  if (Value.Check(Draft, document)) return document;
  if (typeof document !== "object" || document === null) return null;
  for (const one of Object.values(document)) {
    const found = draftIn(one);
    if (found !== null) return found;
  }
  return null;
}

const drafted = ({ path, because, cost, model, prompt, text }: Draft): Drafted => ({
  path, because, usd_micro: cost.usd_micro, cpu_us: cost.cpu_us, gpu_us: cost.gpu_us, text,
  ...(model === undefined ? {} : { model: `${model.name} ${model.digest} by ${model.engine}` }), ...(prompt === undefined ? {} : { prompt: `${prompt.name} ${prompt.version} ${prompt.sha256}` }),
});

const pathOption = (path: Path): DraftPath[] => (path === "both" ? [] : [path]);

/** Terminal and Markdown, where a scenario asks what becomes of hostile text there. */
async function facesOf(world: World, scenario: Scenario, ask: readonly string[]): Promise<string[]> {
  if (!scenario.checks.some((check) => "escaped" in check)) return [];
  return [(await world.run(ask)).stdout];
}

export function askingDaemon(world: World, path: Path): Answerer {
  return async (scenario, change) => {
    const judged = await world.judged(await repositoryOf(world, change, scenario.report));
    const ask = ["explain", judged.gate_id, "--draft", scenario.task, ...pathOption(path).flatMap((one) => ["--path", one]), "--embedded"];
    const ran = await world.run([...ask, "--json"]);
    const draft = ran.stdout.trim() === "" ? null : draftIn(JSON.parse(ran.stdout));
    if (draft === null) throw new Error(`no draft: exit ${ran.code}: ${`${ran.stdout}${ran.stderr}`.replace(/\s+/g, " ").trim().slice(0, 300)}`);
    return { text: draft.text, faces: await facesOf(world, scenario, ask), verdict: judged.verdict, draft: drafted(draft) };
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

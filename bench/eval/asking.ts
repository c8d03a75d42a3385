/** Asks for a draft as anybody does: `maestro gate`, then over the socket what `maestro explain GATE --draft` asks for. */
import { writeFileSync } from "node:fs";
import { oneDocument, type GateDocument, type World } from "../../daemon/e2e/testing/world.ts";
import type { Draft } from "../../proto/drafting.ts";
import { repositoryOf, type Change } from "./changes.ts";
import { CONSTANTS, firstLines } from "./answerers.ts";
import type { Drafted } from "./figures.ts";
import type { Answer } from "./grading.ts";
import { engineFolder, storeModel, TEXT_MODEL } from "../rig/models.ts";
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

/** A daemon that is asked: private and without models, or with the text model of the acceptance items in its store. */
export interface Asking {
  readonly world: World;
  readonly run: (args: readonly string[]) => ReturnType<World["run"]>;
}

export const withoutModels = (world: World): Asking => ({ world, run: (args) => world.run([...args, "--embedded"]) });

export async function withModel(world: World): Promise<Asking> {
  const config = world.path("maestrod.yaml");
  const engine_folder = (await engineFolder()).path();
  writeFileSync(config, JSON.stringify({ version: 1, trust_domain: "evaluation.example", modes: ["local"], models: { text: [{ name: TEXT_MODEL }], engine_folder } }), { mode: 0o600 });
  await world.daemon(["--config", config]);
  await storeModel(world.client, TEXT_MODEL);
  return { world, run: (args) => world.run(args, { env: { MAESTRO_CONFIG: config } }) };
}

/** What the command prints, where a scenario asks what becomes of hostile text there. */
async function facesOf({ run }: Asking, scenario: Scenario, ask: readonly string[]): Promise<string[]> {
  return scenario.checks.some((check) => "escaped" in check) ? [(await run(ask)).stdout] : [];
}

export function askingDaemon(asking: Asking, path: Path): Answerer {
  const named = path === "both" ? [] : [path];
  return async (scenario, change) => {
    const { world, run } = asking;
    const { gate_id, verdict } = oneDocument(await run(["gate", (await repositoryOf(world, change, scenario.report)).path, "--json"])) as GateDocument;
    const reply = await world.client.draft({ gate_id, tasks: [scenario.task], ...(named[0] === undefined ? {} : { path: named[0] }) });
    const [draft] = reply.drafts;
    if (draft === undefined) throw new Error("no draft");
    // What the rules wrote in place of an arm is no answer of that arm.
    if (named[0] !== undefined && draft.path !== named[0]) throw new Error(draft.because);
    const faces = await facesOf(asking, scenario, ["explain", gate_id, "--draft", scenario.task, ...named.flatMap((one) => ["--path", one])]);
    return { text: draft.text, faces, verdict, draft: drafted(draft) };
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

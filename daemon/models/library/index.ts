/** Models of this node: taken in against a lock or a person's word, kept as blobs, opened for an engine only while their bytes are right. */
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { parseStrict } from "../../../proto/canonical.ts";
import type { InferenceLimits } from "../../../proto/limits.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { FILE_ROLES, type StoredModel } from "../../../proto/model-store.ts";
import { IMPORT_HEAD_BYTES_MAX, ImportHead, type ModelImported, type ModelVerified } from "../../../proto/models-api.ts";
import type { Blobs } from "../../store/blobs.ts";
import { storeFailure } from "../../store/failure.ts";
import type { ModelTable } from "../../store/models.ts";
import { timestampOf } from "../../verifier/time.ts";
import { inOrder, modelDigest } from "./digest.ts";
import { fileProblem, ModelFolders } from "./folders.ts";
import { announced, receiveAll, recordFor, requireWhole } from "./incoming.ts";
import { lockedModel, lockedNames } from "./lock.ts";
import type { OpenModel } from "./open-model.ts";
import { splitStream, type SplitStream } from "./split.ts";

export type { OpenModel } from "./open-model.ts";
export { ENGINES, engines, type EngineFolder } from "./engines.ts";
export { engineFolderOf } from "./place.ts";

export interface LibraryDeps {
  readonly state_dir: string;
  readonly models: ModelTable;
  readonly blobs: Pick<Blobs, "receive" | "fileOf">;
  readonly limits: Pick<InferenceLimits, "file_bytes_max" | "import_idle_ms">;
  readonly now_s: () => number;
  /** Throws `store.no_space` and `store.read_only`. */
  readonly requireWritable: () => void;
  /**
   * The model is no more: whoever has its files open answers what was asked and lets go of them, and where no other name stands for the same bytes (`last`)
   * everything that was made with it is forgotten. Asked before a model is stored, too: what a daemon that died left of one removed comes to nobody.
   */
  readonly forget: (model: StoredModel, last: boolean) => Promise<void>;
}

export interface Listed {
  readonly model: StoredModel;
  /** Whether the lock names it with this very digest. */
  readonly locked: boolean;
  readonly licence: string;
}

export interface ModelLibrary {
  list(): readonly Listed[];
  /** Names of the lock that are not stored. */
  obtainable(): readonly string[];
  /** Names that are stored, and nobody can say any more as what. */
  damaged(): readonly string[];
  /** Throws `models.unknown`, which names those that are. */
  get(name: string): StoredModel;
  /** The same from one body, as `ImportHead` says. Throws `request.malformed`, too. */
  importBody(body: AsyncIterable<Uint8Array>): Promise<ModelImported>;
  /** All of a model or nothing. Throws `models.refused`, `request.too_large`, `store.*`, and the stream's own error. */
  import(head: ImportHead, files: AsyncIterable<Uint8Array>): Promise<ModelImported>;
  /** The name is free at once; bytes that nothing else refers to go with the next `maestro gc`. A worker that has the model mapped keeps it until it ends. */
  remove(name: string): Promise<boolean>;
  /** Reads every byte. Throws `models.unknown`. */
  verify(name: string): Promise<ModelVerified>;
  /** Throws `models.unknown`, and `models.corrupt` where a file's bytes are not those of its digest. */
  open(name: string): Promise<OpenModel>;
}

const MODELS_FOLDER = "models";

/** States of evaluated prompts, in a folder of each model by its digest; what is no model's goes with it. */
export const prefixFolderOf = (state_dir: string): string => join(state_dir, "prefixes");

class Library implements ModelLibrary {
  readonly #folders: ModelFolders;
  readonly #opening = new Map<string, Promise<OpenModel>>();
  /** One model is imported or removed at a time under its name. */
  readonly #busy = new Set<string>();
  #swept: Promise<void> | null = null;

  constructor(private readonly deps: LibraryDeps) {
    this.#folders = new ModelFolders(join(deps.state_dir, MODELS_FOLDER), prefixFolderOf(deps.state_dir), deps.blobs);
  }

  list(): readonly Listed[] {
    return this.deps.models.all().map((model) => {
      const locked = lockedModel(model.name);
      const same = locked !== null && modelDigest(locked.files) === model.digest;
      return { model, locked: same, licence: same ? locked.licence.summary : model.licence_id };
    });
  }

  obtainable(): readonly string[] {
    const { models } = this.deps;
    const stored = new Set([...models.all().map(({ name }) => name), ...models.damaged()]);
    return lockedNames().filter((name) => !stored.has(name));
  }

  damaged(): readonly string[] {
    return this.deps.models.damaged();
  }

  get(name: string): StoredModel {
    const model = this.deps.models.get(name);
    if (model !== undefined) return model;
    const stored = this.deps.models.all().map((one) => one.name);
    throw new MaestroError("models.unknown", `${name} is not stored here; ${stored.length === 0 ? "no model is" : `stored are ${stored.join(", ")}`}${lockedModel(name) === null ? "" : `; maestro models setup ${name} obtains it`}`);
  }

  import(head: ImportHead, files: AsyncIterable<Uint8Array>): Promise<ModelImported> {
    return this.#alone(head.name, () => this.#take(head, splitStream(files, this.deps.limits.import_idle_ms)));
  }

  async importBody(body: AsyncIterable<Uint8Array>): Promise<ModelImported> {
    const split = splitStream(body, this.deps.limits.import_idle_ms);
    const head: unknown = parseStrict(await split.line(IMPORT_HEAD_BYTES_MAX), { bytes_max: IMPORT_HEAD_BYTES_MAX, depth_max: 6 });
    if (!Value.Check(ImportHead, head)) throw new MaestroError("request.malformed", `the import's first line${Value.Errors(ImportHead, head).First()?.path ?? ""} does not fit what an import says`);
    return this.#alone(head.name, () => this.#take(head, split));
  }

  remove(name: string): Promise<boolean> {
    return this.#alone(name, async () => {
      const { models } = this.deps;
      const model = models.get(name);
      if (model === undefined) return false;
      await models.remove(name);
      // Whoever looks at it now makes its folder.
      await Promise.allSettled([this.#opening.get(name)]);
      await this.#sweep();
      await this.deps.forget(model, this.#unknown(model));
      if (this.#unknown(model)) await this.#folders.remove(model);
      return true;
    });
  }

  async verify(name: string): Promise<ModelVerified> {
    const model = this.get(name);
    const files: ModelVerified["files"] = [];
    for (const file of inOrder(model.files)) files.push({ role: file.role, name: file.name, bytes: file.bytes, problem: await fileProblem(this.deps.blobs.fileOf(`sha256:${file.sha256}`), file) });
    return { name, digest: model.digest, files, sound: files.every(({ problem }) => problem === null) && modelDigest(model.files) === model.digest };
  }

  async open(name: string): Promise<OpenModel> {
    const model = this.get(name);
    // Whoever asks while it is being looked at waits for the same look.
    const running = this.#opening.get(name) ?? this.#prepare(model).finally(() => this.#opening.delete(name));
    this.#opening.set(name, running);
    return await running;
  }

  async #alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(name)) throw new MaestroError("models.refused", `${name} is being imported or removed at this moment; try again when that is done`);
    this.#busy.add(name);
    try {
      return await work();
    } finally {
      this.#busy.delete(name);
    }
  }

  async #take(head: ImportHead, split: SplitStream): Promise<ModelImported> {
    const { models, blobs, limits, now_s, requireWritable } = this.deps;
    const model = announced(head);
    requireWhole(head, model.files);
    for (const { name, bytes } of head.files) if (bytes > limits.file_bytes_max) throw new MaestroError("request.too_large", `${name} has ${bytes} bytes, limits.inference.file_bytes_max is ${limits.file_bytes_max}`);
    requireWritable();
    const { files, received } = await receiveAll(head, model.files, split.take, blobs);
    try {
      await split.end();
      const standing = models.get(head.name);
      const record = recordFor(model, files, head.origin, timestampOf(now_s()));
      if (standing !== undefined && standing.digest !== record.digest) throw new MaestroError("models.refused", `${head.name} is stored with digest ${standing.digest}, and these files are ${record.digest}; remove it first, or give this one another name`);
      for (const one of received) await one.keep();
      if (standing === undefined) {
        await this.deps.forget(record, this.#unknown(record));
        await models.put(record);
      }
      return { model: standing ?? record, was_there: standing !== undefined };
    } catch (error) {
      await Promise.all(received.map((one) => one.drop()));
      throw error;
    }
  }

  #unknown({ digest }: StoredModel): boolean {
    return !this.deps.models.all().some((one) => one.digest === digest);
  }

  /** Once: before that no worker has anything there. */
  #sweep(): Promise<void> {
    this.#swept ??= this.#folders.sweep(new Set(this.deps.models.all().map(({ digest }) => digest))).catch((error: unknown) => {
      this.#swept = null;
      throw storeFailure(error, "look through the folders of models");
    });
    return this.#swept;
  }

  async #prepare(model: StoredModel): Promise<OpenModel> {
    const { name, kind, digest, context_tokens, template, memory_bytes, dimensions, base } = model;
    // The record holds what it was made of, so a record that was changed together with its hash is seen here.
    if (modelDigest(model.files) !== digest) throw new MaestroError("models.corrupt", `${name}: its record names other files than its digest`);
    await this.#sweep();
    const folder = await this.#folders.checked(model);
    if (this.deps.models.get(name)?.digest !== digest) throw new MaestroError("models.unknown", `${name} was removed while it was looked at`);
    const firsts = FILE_ROLES.flatMap((role) => model.files.find((file) => file.role === role) ?? []);
    return { name, kind, digest, folder, files: Object.fromEntries(firsts.map((file) => [file.role, join(folder, file.name)])), context_tokens, template, memory_bytes, ...(dimensions === undefined ? {} : { dimensions }), ...(base === undefined ? {} : { base }) };
  }
}

export const openLibrary = (deps: LibraryDeps): ModelLibrary => new Library(deps);

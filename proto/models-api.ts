/** What travels on the routes of the model store. */
import { Type, type Static } from "@sinclair/typebox";
import { LockedModel, MODEL_FILES_MAX, ModelFile, ModelName, StoredModel } from "./model-store.ts";
import { Choice, Closed, Count, ShortText } from "./scalar.ts";

/** Bytes of the first line of an import. */
export const IMPORT_HEAD_BYTES_MAX = 65_536;

const SentFile = Closed({ role: ModelFile.properties.role, name: ModelFile.properties.name, bytes: ModelFile.properties.bytes });

/**
 * An import is one body: this document as one line of JSON, a line feed, and then the bytes of each file in the order named here. Of a model of
 * the lock everything but the files' lengths is the lock's word; of any other it is the sender's.
 */
export const ImportHead = Closed({
  name: ModelName,
  origin: StoredModel.properties.origin,
  files: Type.Array(SentFile, { minItems: 1, maxItems: MODEL_FILES_MAX }),
  said: Type.Optional(Type.Pick(LockedModel, ["kind", "licence", "context_tokens", "template", "quantisation", "memory_bytes", "dimensions", "base"], { additionalProperties: false, description: "of a model that no lock names" })),
});
export type ImportHead = Static<typeof ImportHead>;

export const ModelImported = Closed({ model: StoredModel, was_there: Type.Boolean({ description: "the same model stood here; its bytes were written again" }) });
export type ModelImported = Static<typeof ModelImported>;

const FileVerdict = Closed({ role: ModelFile.properties.role, name: ModelFile.properties.name, bytes: Count, problem: Type.Union([ShortText, Type.Null()]) });
export const ModelVerified = Closed({ name: ModelName, digest: ModelFile.properties.sha256, files: Type.Array(FileVerdict, { maxItems: MODEL_FILES_MAX }), sound: Type.Boolean() });
export type ModelVerified = Static<typeof ModelVerified>;

export const ModelRemoved = Closed({ removed: Type.Boolean({ description: "false: there was none of that name" }) });
export type ModelRemoved = Static<typeof ModelRemoved>;

const Engine = Closed({ name: Choice(["node-llama-cpp", "@huggingface/transformers", "usearch"]), version: Type.Union([ShortText, Type.Null()], { description: "null: not installed" }), wanted: ShortText });

export const ModelsReply = Closed({
  models: Type.Array(Closed({ model: StoredModel, licence: ShortText, locked: Type.Boolean({ description: "its digest is the lock's" }) }), { maxItems: 4096 }),
  /** Names of the lock that are not stored here. */
  obtainable: Type.Array(ModelName, { maxItems: 256 }),
  /** Names whose records are damaged: nobody knows any more what they consist of. */
  damaged: Type.Array(ShortText, { maxItems: 4096 }),
  engines: Type.Array(Engine, { maxItems: 3 }),
  engine_folder: ShortText,
});
export type ModelsReply = Static<typeof ModelsReply>;

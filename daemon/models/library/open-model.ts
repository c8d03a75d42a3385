/** A model whose bytes were found to be those of its digest, as files that an engine can map. */
import type { FileRole, ModelKind, ModelTemplate } from "../../../proto/model-store.ts";

export interface OpenModel {
  readonly name: string;
  readonly kind: ModelKind;
  /** Hex SHA-256 of the whole model (`proto/model-store.ts`). */
  readonly digest: string;
  /** Holds every file under its own name, and nothing else. Read only. */
  readonly folder: string;
  /** Absolute path of the first file of each role. */
  readonly files: Readonly<Partial<Record<FileRole, string>>>;
  readonly context_tokens: number;
  readonly template: ModelTemplate;
  /** Resident memory of a worker with it, as its lock says. */
  readonly memory_bytes: number;
  /** Of an embedding. */
  readonly dimensions?: number;
  /** Of an adapter: the text model it belongs to. */
  readonly base?: string;
}

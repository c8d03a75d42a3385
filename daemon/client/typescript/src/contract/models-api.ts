// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { FileRole, StoredModel } from "./model-store.ts";

export type ModelImported = {
  readonly model: StoredModel;
  /** the same model stood here; its bytes were written again */
  readonly was_there: boolean;
};

export type ModelRemoved = {
  /** false: there was none of that name */
  readonly removed: boolean;
};

export type ModelVerified = {
  /** name of a model, as requests name it */
  readonly name: string;
  /** SHA-256, lower-case hex */
  readonly digest: string;
  readonly files: readonly {
    readonly role: FileRole;
    /** file name, no folder */
    readonly name: string;
    readonly bytes: number;
    readonly problem: string | null;
  }[];
  readonly sound: boolean;
};

export type ModelsReply = {
  readonly models: readonly {
    readonly model: StoredModel;
    readonly licence: string;
    /** its digest is the lock's */
    readonly locked: boolean;
  }[];
  readonly obtainable: readonly string[];
  readonly damaged: readonly string[];
  readonly engines: readonly {
    readonly name: "node-llama-cpp" | "@huggingface/transformers" | "usearch";
    /** null: not installed */
    readonly version: string | null;
    readonly wanted: string;
  }[];
  readonly engine_folder: string;
};

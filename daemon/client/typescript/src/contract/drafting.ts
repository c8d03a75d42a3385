// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
import type { SigstoreBundle } from "./attestation.ts";
import type { Verdict } from "./decision.ts";

export type AskedModel = {
  readonly path: "local" | "remote";
  /** name of a model, as requests name it */
  readonly model: string;
};

export type Draft = {
  readonly task: DraftTask;
  readonly path: DraftPath;
  readonly text: string;
  /** of the text's UTF-8 bytes */
  readonly sha256: string;
  /** why this arm: capability, price, policy, seal, or that another failed */
  readonly because: string;
  readonly cost: DraftCost;
  /** absent of rules; of a remote model the digest is over its configured identity, as its weights are not ours to see */
  readonly model?: {
    /** name of a model, as requests name it */
    readonly name: string;
    /** SHA-256, lower-case hex */
    readonly digest: string;
    readonly engine: string;
  };
  readonly prompt?: PromptRef;
  /** models that none of these words are of, and that were shown the facts all the same, or may have been */
  readonly asked?: readonly AskedModel[];
  /** digests of hunks of this repository that stood in the prompt */
  readonly exemplars?: readonly string[];
};

export type DraftCost = {
  readonly usd_micro: number;
  readonly cpu_us: number;
  readonly gpu_us: number;
  readonly tokens: number;
};

export type DraftPath = "rules" | "local" | "remote";

export type DraftReply = {
  readonly gate_id: string;
  readonly attempt: number;
  /** of the gate, which no draft changes */
  readonly verdict: Verdict;
  readonly drafts: readonly Draft[];
  readonly signed?: {
    readonly log_index: number;
    /** `maestro verify` reads it */
    readonly bundle: SigstoreBundle;
  };
};

export type DraftRequest = {
  readonly gate_id: string;
  readonly tasks: readonly DraftTask[];
  readonly path?: DraftPath;
  /** name of a model, as requests name it */
  readonly model?: string;
  /** which arm wrote what is signed and logged; for whoever may gate */
  readonly sign?: boolean;
};

export type DraftTask = "triage" | "summary" | "commit-message" | "reviewer-note" | "changelog" | "fix" | "test-skeleton";

export type PromptRef = {
  readonly name: string;
  readonly version: string;
  /** SHA-256, lower-case hex */
  readonly sha256: string;
};

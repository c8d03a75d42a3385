/** Texts drafted about a gate: by rules, by a model of this node, or by a remote one. A draft decides nothing; whoever reads it is told where it came from. */
import { Type, type Static } from "@sinclair/typebox";
import { SigstoreBundle } from "./attestation.ts";
import { Verdict } from "./decision.ts";
import { ModelName } from "./model-store.ts";
import { Choice, Closed, Count, Sha256Hex, ShortText } from "./scalar.ts";

export const DRAFT_TASKS = ["triage", "summary", "commit-message", "reviewer-note", "changelog", "fix", "test-skeleton"] as const;
export const DraftTask = Choice(DRAFT_TASKS);
export type DraftTask = Static<typeof DraftTask>;

/** Which arm wrote it. */
export const DRAFT_PATHS = ["rules", "local", "remote"] as const;
export const DraftPath = Choice(DRAFT_PATHS);
export type DraftPath = Static<typeof DraftPath>;

export const DRAFT_CHARACTERS_MAX = 65_536;
/** Signed statements about drafts of one attempt of a gate: whoever asks again and again must not fill the log. */
export const DRAFT_STATEMENTS_MAX = 16;

export const PromptName = Type.String({ pattern: "^[a-z][a-z0-9-]{0,62}$" });
/** A prompt that ships, by the digest of its bytes. */
export const PromptRef = Closed({ name: PromptName, version: Type.String({ pattern: "^[0-9]+\\.[0-9]+\\.[0-9]+$" }), sha256: Sha256Hex });
export type PromptRef = Static<typeof PromptRef>;

/** What one draft took; nothing of it left this node where `usd_micro` is 0 and the path is not remote. */
export const DraftCost = Closed({ usd_micro: Count, cpu_us: Count, gpu_us: Count, tokens: Count });
export type DraftCost = Static<typeof DraftCost>;

/** Models that one draft may ask, one after the other. */
const ASKED_MAX = 8;
/** A model that was asked in vain: it did not answer, or nothing of its answer stood the facts. */
export const AskedModel = Closed({ path: Choice(["local", "remote"]), model: ModelName });
export type AskedModel = Static<typeof AskedModel>;

export const Draft = Closed({
  task: DraftTask,
  path: DraftPath,
  text: Type.String({ maxLength: DRAFT_CHARACTERS_MAX }),
  sha256: { ...Sha256Hex, description: "of the text's UTF-8 bytes" },
  because: { ...ShortText, description: "why this arm: capability, price, policy, seal, or that another failed" },
  cost: DraftCost,
  model: Type.Optional(Closed({ name: ModelName, digest: Sha256Hex, engine: Type.String({ maxLength: 128 }) }, { description: "absent of rules; of a remote model the digest is over its configured identity, as its weights are not ours to see" })),
  prompt: Type.Optional(PromptRef),
  asked: Type.Optional(Type.Array(AskedModel, { minItems: 1, maxItems: ASKED_MAX, description: "models that none of these words are of, and that were shown the facts all the same, or may have been" })),
  exemplars: Type.Optional(Type.Array(Sha256Hex, { maxItems: 8, description: "digests of hunks of this repository that stood in the prompt" })),
});
export type Draft = Static<typeof Draft>;

/** `path`: absent, the best arm that is allowed and answers; else that one or a refusal. */
export const DraftRequest = Closed({
  gate_id: Type.String({ minLength: 6, maxLength: 128 }),
  tasks: Type.Array(DraftTask, { minItems: 1, maxItems: DRAFT_TASKS.length }),
  path: Type.Optional(DraftPath),
  model: Type.Optional(ModelName),
  sign: Type.Optional(Type.Boolean({ description: "which arm wrote what is signed and logged; for whoever may gate" })),
});
export type DraftRequest = Static<typeof DraftRequest>;

export const DraftReply = Closed({
  gate_id: Type.String({ maxLength: 128 }),
  attempt: Type.Integer({ minimum: 1 }),
  verdict: { ...Verdict, description: "of the gate, which no draft changes" },
  drafts: Type.Array(Draft, { maxItems: DRAFT_TASKS.length }),
  signed: Type.Optional(Closed({ log_index: Count, bundle: { ...SigstoreBundle, description: "`maestro verify` reads it" } })),
});
export type DraftReply = Static<typeof DraftReply>;

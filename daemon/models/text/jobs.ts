/** What the core and a text worker say to each other. */
import { type Static, Type } from "@sinclair/typebox";
import { Adapter, Generated, GenerateJob, Placed, Prompt } from "../../../proto/model-work.ts";
import { ModelTemplate } from "../../../proto/model-store.ts";
import { Choice, Closed, Count, Sha256Hex } from "../../../proto/scalar.ts";

/** What one worker is made for; the first request. */
export const TextSetup = Closed({
  kind: Type.Literal("open"),
  /** Folder of the package node-llama-cpp. */
  engine_folder: Type.String(),
  weights: Type.String(),
  template: ModelTemplate,
  model_digest: Sha256Hex,
  context_tokens: Count,
  sequences: Count,
  threads_max: Count,
  gpu: Type.Union([Closed({ api: Choice(["cuda", "vulkan"]), layers: Count }), Type.Null()], { description: "null: no GPU is used" }),
  placed: Type.Union([Placed, Type.Null()], { description: "said with each answer" }),
  prefix: Closed({ folder: Type.String(), bytes_max: Count, floor_bytes: Count, floor_idle_ms: Count }),
});
export type TextSetup = Static<typeof TextSetup>;

export const TextOpened = Closed({
  engine: Type.String({ maxLength: 128 }),
  context_tokens: Count,
  /** Rows evaluated together that give the bits of each alone; see docs/models.md. */
  exact_rows: Count,
});
export type TextOpened = Static<typeof TextOpened>;

/** An adapter by its file, whose digest the core has checked. */
const AdapterFile = Closed({ ...Adapter.properties, path: Type.String(), digest: Sha256Hex });

export const TextJob = Type.Union([
  TextSetup,
  Closed({ kind: Type.Literal("generate"), job: GenerateJob, adapters: Type.Array(AdapterFile) }),
  Closed({ kind: Type.Literal("count"), prompt: Prompt }),
]);
export type TextJob = Static<typeof TextJob>;
export type AdapterFile = Static<typeof AdapterFile>;

/** `evaluated`: so many more tokens of the prompt; nothing else is heard of a long one for a while. */
export const TextProgress = Type.Union([Closed({ text: Type.String() }), Closed({ evaluated: Count })]);
export type TextProgress = Static<typeof TextProgress>;

export const TextMade = Type.Omit(Generated, ["queued_us"], { additionalProperties: false });
export type TextMade = Static<typeof TextMade>;
/** `beyond`: why the prompt fits no context, where not all of it was counted to know that. */
export const TextCounted = Closed({ tokens: Count, beyond: Type.Union([Type.String(), Type.Null()]), cpu_us: Count });
export type TextCounted = Static<typeof TextCounted>;

/** What an operator says of models: which local ones answer, on what, and which remote ones may be asked. */
import { Type, type Static } from "@sinclair/typebox";
import { DeclaredGpu, GPUS_MAX } from "./gpu.ts";
import { ModelName } from "./model-store.ts";
import { Prices } from "./resource.ts";
import { Capability } from "./routing.ts";
import { Choice, Closed, Count } from "./scalar.ts";
import { TenantId } from "./tenant.ts";

const HostFile = (description: string) => Type.String({ pattern: "^/[A-Za-z0-9._/@+-]{1,1000}$", description });

const Tenants = Type.Optional(Type.Array(TenantId, { maxItems: 1_024, description: "tenants that may ask it; absent: all" }));

/** Another server that speaks the OpenAI API. The egress helper asks it; a sealed node never does. */
export const RemoteModel = Closed({
  id: { ...ModelName, description: "as requests and drafts name it" },
  base_url: Type.String({ pattern: "^https?://[A-Za-z0-9.:\\[\\]-]{1,255}(?:/[A-Za-z0-9._~/-]{0,512})?$", description: "up to and with /v1; http for an address of this machine alone" }),
  model: Type.String({ minLength: 1, maxLength: 256, description: "the name it has there" }),
  key_file: Type.Optional(HostFile("its API key, private to the helper's user")),
  ca_file: Type.Optional(HostFile("certificates its server is checked against, in place of the system's")),
  capabilities: Type.Optional(Type.Array(Capability, { maxItems: 64 })),
  usd_micro_per_1k: Closed({ prompt: Count, completion: Count }, { description: "millionths of a dollar for 1,000 tokens" }),
  context_tokens: Type.Integer({ minimum: 1, maximum: 16_777_216 }),
  tenants: Tenants,
});
export type RemoteModel = Static<typeof RemoteModel>;

export const LocalModel = Closed({
  name: { ...ModelName, description: "a model of the store" },
  capabilities: Type.Optional(Type.Array(Capability, { maxItems: 64 })),
  context_tokens: Type.Optional(Type.Integer({ minimum: 64, maximum: 16_777_216, description: "of each sequence; default limits.inference.context_tokens" })),
  gpu: Type.Optional(Type.Boolean({ description: "layers may lie on a GPU; default true" })),
  priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 9, description: "of two models that want one GPU the higher stays; default 5" })),
  when_full: Type.Optional(Choice(["wait", "cpu"], { description: "its layers do not all fit beside models of its own priority that somebody uses: its requests wait for a moment in which nobody does, or it takes what is left and the processor; default wait" })),
  tenants: Tenants,
});
export type LocalModel = Static<typeof LocalModel>;

/** Absent: no model is loaded, and drafts come from rules. */
export const ModelsSetting = Closed({
  text: Type.Optional(Type.Array(LocalModel, { maxItems: 16, description: "the first is the default" })),
  embedding: Type.Optional({ ...ModelName, description: "model of the store that embeds" }),
  remote: Type.Optional(Type.Array(RemoteModel, { maxItems: 16 })),
  examples_hidden: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { maxItems: 256, description: "globs of files that no draft is shown an example of; files that are made to hold secrets never are" })),
  engine_folder: Type.Optional(HostFile("where maestro models setup put the engines; default beside the program")),
  gpus: Type.Optional(Type.Array(DeclaredGpu, { maxItems: GPUS_MAX, description: "GPUs in the order of the bus, believed only where the driver cannot be asked" })),
  vram_bytes_max: Type.Optional({ ...Count, description: "of all GPUs together; absent: what is free, less limits.inference.vram_spare_bytes" }),
  answers: Type.Optional(Type.Boolean({ description: "whole answers to deterministic requests are kept and given again within one tenant and task; default true" })),
  prices: Type.Optional({ ...Prices, description: "put on local work where there is no market" }),
});
export type ModelsSetting = Static<typeof ModelsSetting>;

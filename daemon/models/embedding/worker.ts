/** The embedding process: an ONNX session and a tokenizer, both native or large, so neither is in the daemon. */
import { Type } from "@sinclair/typebox";
import { Closed } from "../../../proto/scalar.ts";
import { serve } from "../../platform/process/child.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import { type EmbeddingModel, openModel } from "./model.ts";
import { EmbeddingJob, EmbeddingSetup } from "./wire.ts";

const jobOf = validatorOf(Type.Union([
  Closed({ kind: Type.Literal("open"), setup: EmbeddingSetup }),
  Closed({ kind: Type.Literal("work"), job: EmbeddingJob }),
  Closed({ kind: Type.Literal("release") }),
]));

let open: EmbeddingModel | null = null;

await serve({
  validate: jobOf,
  handle: async (job) => {
    if (job.kind === "open") return (open = await openModel(job.setup)).opened;
    if (open === null) throw new Error("asked before it was opened");
    if (job.kind === "work") return await open.embed(job.job);
    await open.release();
    return null;
  },
});

/** The embedding process: an ONNX session and a tokenizer, both native or large, so neither is in the daemon. */
import { Type } from "@sinclair/typebox";
import { MaestroError } from "../../../proto/errors.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import { serveEngine } from "../engine/serve.ts";
import { type EmbeddingModel, openModel } from "./model.ts";
import { EmbeddingJob, type EmbeddingReply, EmbeddingSetup } from "./wire.ts";

const jobOf = validatorOf(Type.Union([EmbeddingSetup, EmbeddingJob]));

let open: EmbeddingModel | null = null;
let line: Promise<unknown> = Promise.resolve();

/** One after the other: two runs side by side take as long together, and twice the memory. */
function inLine(model: EmbeddingModel, job: EmbeddingJob, signal: AbortSignal): Promise<EmbeddingReply> {
  const turn = line.then(() => {
    if (signal.aborted) throw new MaestroError("request.cancelled", "the request was given up");
    return model.embed(job);
  });
  line = turn.catch(() => undefined);
  return turn;
}

// No await at the top level: a program of one file has none.
void serveEngine({
  validate: jobOf,
  async handle(job, { signal }) {
    if ("engine_folder" in job) return (open = await openModel(job)).opened;
    if (open === null) throw new Error("asked before it was opened");
    return await inLine(open, job, signal);
  },
  close: async () => await open?.release(),
});

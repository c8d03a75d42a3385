/** Entry of a text worker: one model, several generations in turn. */
import { MaestroError } from "../../../proto/errors.ts";
import { validatorOf } from "../../platform/process/envelope.ts";
import { serveEngine, type RequestContext } from "../engine/serve.ts";
import { Generator } from "./generator.ts";
import { TextJob } from "./jobs.ts";

let generator: Generator | null = null;

async function handle(job: TextJob, context: RequestContext): Promise<unknown> {
  if (job.kind === "open") {
    if (generator !== null) throw new MaestroError("worker.protocol", "it is open");
    generator = await Generator.open(job);
    return generator.opened;
  }
  if (generator === null) throw new MaestroError("worker.protocol", "it is not open");
  if (job.kind === "count") return generator.count(job.prompt);
  return generator.generate(job.job, job.adapters, context);
}

// No await at the top level: Bun keeps bytecode only for a program without one.
void serveEngine({ validate: validatorOf(TextJob), handle, close: async () => generator?.close() });

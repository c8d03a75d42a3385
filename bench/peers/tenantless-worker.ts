/** A text worker that leaves the tenant out of what it keeps prompts by: the canary of `prefix-timing`, which must see it. */
import { validatorOf } from "../../daemon/platform/process/envelope.ts";
import { serveEngine, type RequestContext } from "../../daemon/models/engine/serve.ts";
import { Generator } from "../../daemon/models/text/generator.ts";
import { TextJob } from "../../daemon/models/text/jobs.ts";

let generator: Generator | null = null;

async function handle(job: TextJob, context: RequestContext): Promise<unknown> {
  if (job.kind === "open") return (generator = await Generator.open(job)).opened;
  if (generator === null || job.kind !== "generate") throw new Error(`${job.kind} is not asked here`);
  return generator.generate({ ...job.job, space: { ...job.job.space, tenant: null } }, job.adapters, context);
}

void serveEngine({ validate: validatorOf(TextJob), handle, close: async () => generator?.close() });

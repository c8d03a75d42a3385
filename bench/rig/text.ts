/** Limits of a text worker as a daemon has them by default, with a context of its own size. */
import { Value } from "@sinclair/typebox/value";
import { InferenceLimits, WorkerLimits } from "../../proto/limits.ts";
import type { TextDeps } from "../../daemon/models/text/index.ts";

export const limitsFor = (context_tokens: number): TextDeps["limits"] => ({ ...Value.Create(WorkerLimits), ...Value.Create(InferenceLimits), context_tokens, threads_max: 2 });

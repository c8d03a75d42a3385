/** The sandbox of a program that is no daemon: set-up and `maestro modelcheck`. */
import { Value } from "@sinclair/typebox/value";
import { WorkerLimits } from "../../../proto/config.ts";
import { createSandbox } from "../../platform/sandbox/index.ts";
import type { Sandbox } from "../../platform/sandbox/job.ts";

export const ownSandbox = (): Sandbox => createSandbox({ worker: Value.Create(WorkerLimits), private_paths: [], work_paths: [] });

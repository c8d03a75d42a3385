/** A machine without a sandbox, for tests that run no outside code. */
import { MaestroError } from "../../proto/errors.ts";
import type { Sandbox } from "../platform/sandbox/job.ts";

const REMEDY = "install bubblewrap";

export const noSandbox: Sandbox = {
  run: () => Promise.reject(new MaestroError("sandbox.unavailable", `bwrap is not installed; ${REMEDY}`)),
  tier: () => Promise.resolve({ usable: false, because: "bwrap is not installed", remedy: REMEDY }),
  close: () => Promise.resolve(),
};

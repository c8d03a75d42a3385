/**
 * The daemon's whole socket and API stack with nothing behind it, as a process of its own: what a crowd does to it is not what gates do.
 * Arguments: socket, limits as JSON. Logs to standard error, says `ready` on standard output.
 */
import { writeSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import { HealthReply, IntakeReply, IntakeRequest, VersionReply } from "../../../proto/api.ts";
import { ServerLimits } from "../../../proto/config.ts";
import { route, serveApi } from "../../api/index.ts";
import { systemClock } from "../../platform/clock.ts";
import { systemRandom } from "../../platform/random.ts";

const [path = "", limits = "{}"] = process.argv.slice(2);
const open = { access: "any", params: {}, request: null, body_bytes_max: 0 } as const;
const STDERR_FD = 2;
const line = (fields: object, msg: string): void => void writeSync(STDERR_FD, `${JSON.stringify({ ...fields, msg })}\n`);

await serveApi({
  listen: { path },
  limits: { ...Value.Create(ServerLimits), ...(JSON.parse(limits) as Partial<ServerLimits>) },
  routes: [
    route("version", { ...open, summary: "", reply: VersionReply, handle: () => ({ version: "0.0.0", api: "1", bun: Bun.version, git: "2.39.5" }) }),
    route("health", { ...open, summary: "", reply: HealthReply, handle: () => ({ status: "ok" }) }),
    route("openIntake", { ...open, summary: "", request: IntakeRequest, body_bytes_max: 1_000_000, reply: IntakeReply, handle: () => ({ intake_id: `intake-${"a".repeat(26)}`, repo_id: "local:0:load" }) }),
  ],
  log: { info: () => undefined, warn: line, error: line },
  clock: systemClock,
  random: systemRandom,
  own_uid: process.getuid?.() ?? -1,
});
process.stdout.write("ready\n");

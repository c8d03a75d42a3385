/** The daemon's whole HTTP stack without the daemon behind it: peer credentials, limits, strict bodies, access log. Arguments: socket, answer. */
import { openSync, writeSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import { IntakeReply, IntakeRequest, VersionReply } from "../../proto/api.ts";
import { ServerLimits } from "../../proto/config.ts";
import { route, serveApi } from "../../daemon/api/index.ts";
import { systemClock } from "../../daemon/platform/clock.ts";
import { systemRandom } from "../../daemon/platform/random.ts";

const [path = "", answer = ""] = process.argv.slice(2);
const version = Value.Parse(VersionReply, JSON.parse(answer));
const opened = { intake_id: `intake-${"a".repeat(26)}`, repo_id: "local:0:bench" };
const sink = openSync("/dev/null", "w");
const line = (fields: object, msg: string): void => void writeSync(sink, `${JSON.stringify({ ...fields, msg })}\n`);
const open = { access: "any", params: {} } as const;

await serveApi({
  listen: { path },
  limits: { ...Value.Create(ServerLimits), requests_per_connection_max: Number.MAX_SAFE_INTEGER },
  routes: [
    route("version", { ...open, summary: "", request: null, body_bytes_max: 0, reply: VersionReply, handle: () => version }),
    route("openIntake", { ...open, summary: "", request: IntakeRequest, body_bytes_max: 1_000_000, reply: IntakeReply, handle: () => opened }),
  ],
  log: { info: line, warn: line, error: line },
  clock: systemClock,
  random: systemRandom,
  own_uid: process.getuid?.() ?? -1,
});
console.log("ready");

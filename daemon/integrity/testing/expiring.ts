/** A start on a state folder 31 days later, which kills itself before the named step of expiry, or says what is left. */
import { composeCore } from "../../compose.ts";
import { EMBEDDED_CONFIG, resolveHost } from "../../config/host.ts";
import { FakeClock } from "../../testing/clock.ts";
import { SeededRandom } from "../../testing/random.ts";
import { fsckReport } from "../fsck.ts";

const [state_dir = "", dies_at = ""] = Bun.argv.slice(2);
const clock = new FakeClock();
clock.advance(31 * 86_400_000);
/** As `maestrod` does: what is on disk is read anew by the next start. */
const FATAL_EXIT = 70;
process.on("unhandledRejection", () => process.exit(FATAL_EXIT));
const warnings: string[] = [];
const core = await composeCore({
  state_dir,
  host: resolveHost({ ...EMBEDDED_CONFIG, retention: { evidence_days: 30, personal_days: 7 } }),
  clock,
  random: new SeededRandom("expiring"),
  fatal: () => process.exit(FATAL_EXIT),
  warn: (what, error) => warnings.push(`${what}: ${String(error)}`),
  expiry_step: (name) => void (name === dies_at && process.kill(process.pid, "SIGKILL")),
});
const { damage } = await fsckReport(core.integrity.steps(), () => 0);
process.stdout.write(JSON.stringify({ gates: core.gates.count(), names: core.artifacts.names(), owed: core.tombstones.owed().length, damage, warnings }));
await core.close();
process.exit(0);

/** A process that records one verdict after another and says so once each is acknowledged; its test kills it. */
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { systemClock } from "../../platform/clock.ts";
import { openStore } from "../../store/db.ts";
import { recordInput } from "../../testing/evidence.ts";
import { createEvidence } from "../index.ts";

const [state_dir = ""] = process.argv.slice(2);
const fatal = (error: unknown): void => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 70;
};
const store = openStore({ state_dir, limits: Value.Create(StoreLimits), fatal });
const evidence = await createEvidence({ store, state_dir, trust_domain: null, version: "0.0.0", clock: systemClock, time_froze: fatal, projection_failed: fatal });
process.stdout.write("ready\n");
for (let attempt = 1; ; attempt++) {
  const { proof, bundle } = await evidence.record(recordInput(evidence.trust_domain, attempt), () => undefined);
  process.stdout.write(`${proof.log_index} ${bundle.toBase64()}\n`);
}

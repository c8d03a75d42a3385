/** A daemon without a socket that is told to release a head and kills itself at one step. argv: state folder, host configuration as JSON, head, step. */
import { composeCore } from "../../../compose.ts";
import { resolveHost } from "../../../config/host.ts";
import { FakeClock } from "../../../testing/clock.ts";
import { SeededRandom } from "../../../testing/random.ts";
import { tenant } from "../../../testing/tenants.ts";
import { Releaser } from "../releaser.ts";
import { ALICE, peer } from "./releasing.ts";

const [state_dir = "", config = "{}", head = "", step = ""] = process.argv.slice(2);
const die = (): never => {
  process.kill(process.pid, "SIGKILL");
  throw new Error("outlived SIGKILL");
};
const at = (name: string): void => void (step === name && die());

const random = new SeededRandom(`dying ${step}`);
const clock = new FakeClock();
const core = await composeCore({ state_dir, host: resolveHost(JSON.parse(config)), clock, random, config_owner: () => 0, fatal: die, warn: () => undefined });
const { evidence, releases, artifacts, keeper } = core;
const releaser = new Releaser({
  ...core,
  host: core.options.host,
  clock,
  random,
  own_uid: 0,
  inTenant: () => false,
  evidence: { ...evidence, release: (request, proof, commit) => (at("before the log"), evidence.release(request, proof, (logged) => (commit(logged), at("inside the transaction")))) },
  releases,
  artifacts: { ...artifacts, blobs: artifacts.blobs, putArtifact: (...given) => (at("before the bundle"), artifacts.putArtifact(...given)) },
  keeper: Object.assign(Object.create(keeper) as typeof keeper, { again: (...given: Parameters<typeof keeper.again>) => (at("before the attempt"), keeper.again(...given)) }),
});
const offer = await releaser.ask(tenant("nobody", ALICE), peer(ALICE), { gate: head, kind: "approve", reason: "looked at it" });
await releaser.answer(peer(ALICE), { nonce: offer.request.nonce }, () => undefined, new AbortController().signal);
await core.close();

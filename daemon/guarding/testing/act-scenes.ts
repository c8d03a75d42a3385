/** Scenes of what is done rather than written: places in the line, requests, decisions, processes. */
import { EMBEDDED_CONFIG, resolveHost } from "../../config/host.ts";
import { authorise } from "../../api/access.ts";
import { Turnstile } from "../../gate/turnstile.ts";
import { WorkerPool } from "../../platform/pool/pool.ts";
import { World } from "../../testing/core.ts";
import { ForkedLog } from "../../witness/testing/forest.ts";
import { createWitness } from "../../witness/index.ts";
import { newWitness } from "../../testing/witnesses.ts";
import { createTenants } from "../../tenants/index.ts";
import { ROUTES, type RouteName } from "../../../proto/routes.ts";
import type { Call } from "../../platform/socket/index.ts";
import type { SocketRole } from "../../../proto/tenant.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Access } from "../../api/access.ts";
import { RequestGuard } from "../requests.ts";
import { paid } from "../../models/serving/testing/paid.ts";
import type { Scene } from "./scene.ts";

/** Text for a tenant that pays: one request it can afford, and one that it cannot. */
const generating: Scene = async ({ store, guards }) => {
  const { serving, payer } = paid({}, guards.check, store());
  const web = payer("web", { model_tokens: 20 });
  for (const max_tokens of [10, 100]) {
    try {
      await serving.generate({ payer: web, job: { model: "small", prompt: { text: "one two" }, space: { tenant: "web", task: "chat" }, temperature: 0, max_tokens }, keep: false });
    } catch (error) {
      if (!(error instanceof MaestroError) || error.code !== "tenant.budget") throw error;
    }
  }
};

const LATE_WORKER = Bun.fileURLToPath(new URL("./late-worker.ts", import.meta.url));
const LATE_DEADLINE_MS = 50;
const never = new AbortController().signal;
/** Longer than any step here takes; a mutant that forgets whoever waits must not hang its scene. */
const PATIENCE_MS = 2_000;

const queue: Scene = async ({ guards }) => {
  const turns = new Turnstile(2, 8, guards.check);
  const gate = Promise.withResolvers<void>();
  const jobs = ["a", "a", "a", "b", "c", "d", "a"].map((tenant) => turns.pass(() => gate.promise, never, tenant));
  const all = Promise.all(jobs);
  all.catch(() => undefined);
  await Bun.sleep(0);
  gate.resolve();
  const hung = Promise.withResolvers<void>();
  const timer = setTimeout(hung.resolve, PATIENCE_MS);
  await Promise.race([all, hung.promise]);
  clearTimeout(timer);
};

const ASKED: readonly (readonly [RouteName, Access, SocketRole])[] = [["stop", "operator", "gate"], ["stop", "operator", "admin"], ["replay", "replay", "gate"], ["gate", "gate", "gate"], ["gate", "gate", "verify"], ["report", "read", "verify"], ["version", "any", "gate"], ["health", "open", "witness"]];

const requests: Scene = async ({ store, guards, clock }) => {
  const host = resolveHost({ ...EMBEDDED_CONFIG, tenants: [{ id: "web", uids: [8], verbs: ["gate", "inspect"] }] });
  const tenants = await createTenants({ host, trust_domain: "d", own_uid: 7, store: store(), clock, now_s: () => 1, warn: () => undefined });
  const guard = new RequestGuard(guards, {});
  for (const uid of [7, 8]) {
    for (const [route, access, role] of ASKED) {
      const call: Call = { id: "1", signal: never, peer: { uid, gid: uid, groups: [], pid: 1 } };
      try {
        const { tenant, verbs } = await authorise(tenants, access, role, new Request("http://d/"), call);
        guard.before({ route, access, once: "once" in ROUTES[route], role, uid, tenant: tenant ?? "", verbs: [...verbs], params: {}, body: undefined });
      } catch (error) {
        if (!(error instanceof MaestroError) || error.code !== "auth.denied") throw error;
      }
    }
  }
};

const asked = (n: number) => ({ target_ref: "refs/heads/main", target: "a".repeat(40), head: String(n).repeat(40) });

/** A gate whose check process dies, and one that changes nothing: both are held. */
const judged = (faults: Parameters<World["told"]>[0]): Scene => async ({ guards }) => {
  await using world = await World.open();
  const { keeper } = world.told(faults, { act: guards.check });
  await world.gate(world.claimed(), asked(1), keeper);
};

const witness: Scene = async ({ store, state_dir }) => {
  const who = newWitness("witness.example");
  const log = new ForkedLog("log.example").branch("main", 20).branch("fork", 20, 7);
  const answering = createWitness({ store: store(), state_dir, key: who.key, sign: who.signer.sign, logs: [log.key], limits: { submissions_per_s: 100, submissions_burst: 100 }, monotonic_ms: () => 0, now_s: () => 1_790_000_000, warn: () => undefined });
  for (const [branch, old, size] of [["main", 0, 12], ["fork", 12, 12], ["main", 12, 15]] as const) await answering.submit(0, log.body(branch, old, size));
};

/** A program that dies before it is ready, three times. */
const restarts: Scene = async ({ guards }) => {
  const seen = Promise.withResolvers<void>();
  let planned = 0;
  const limits = resolveHost(EMBEDDED_CONFIG).limits.worker;
  const pool = new WorkerPool({
    argv: ["/bin/false"], cwd: "/", env: {}, limits, size: 1, backoff: { ...limits, restart_backoff_ms: 4, restart_backoff_ms_max: 1_000 },
    act: (event, fields) => {
      planned += 1;
      try {
        guards.check(event, fields);
      } catch (error) {
        seen.reject(error);
        throw error;
      }
      if (planned === 3) seen.resolve();
    },
  });
  pool.warm();
  try {
    await seen.promise;
  } finally {
    await pool.drain(0);
  }
};

/** A process that answers two seconds late is ended at its deadline. */
const late: Scene = async ({ guards }) => {
  const { worker } = resolveHost(EMBEDDED_CONFIG).limits;
  const pool = new WorkerPool({ argv: [process.execPath, LATE_WORKER], cwd: "/", env: {}, limits: worker, size: 1, backoff: worker, act: guards.check });
  try {
    await pool.run({}, { validate: (value) => value, deadline_ms: LATE_DEADLINE_MS });
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "worker.deadline") throw error;
  } finally {
    await pool.drain(0);
  }
};

export const ACT_SCENES = { generating,
  late, queue, requests, witness, restarts,
  died: judged({ by_job: { secrets: "dies" } }),
  empty: judged({ facts: { empty: true } }),
  blurted: judged({ by_job: { secrets: "blurts" } }),
  // A check process that was taken over says that it read the change's own configuration.
  liar: judged({ facts: { trusted: { config_commit: asked(1).head, old_tree: "e".repeat(40) } } }),
} satisfies Record<string, Scene>;

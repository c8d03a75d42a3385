/**
 * The reporter: a process of its own that follows the verdicts of one daemon through its socket and has the egress helper publish them.
 * It has no network, no key and no token. `maestro reporter` and `maestro-reporter.service` start it.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { MaestroError } from "../../proto/errors.ts";
import { SYSTEM_SOCKET } from "../../proto/locations.ts";
import { MaestroClient } from "../client/maestro.ts";
import { systemUids } from "../client/owner.ts";
import { resolveHost, type Host } from "../config/host.ts";
import { readHostConfig } from "../config/host-file.ts";
import { egressLink } from "../egress/index.ts";
import { systemClock } from "../platform/clock.ts";
import { dieWithParent } from "../platform/kernel/process.ts";
import { findGit } from "../platform/git/runner.ts";
import { takeLock } from "../platform/socket/lock.ts";
import { openCursor } from "./cursor.ts";
import { deliveryGuard } from "./guard.ts";
import { Reporter } from "./reporter.ts";

const IDLE_MS = 2_000;
/** While the daemon does not answer. */
const ABSENT_MS = 5_000;
const PUBLISH_DEADLINE_MS = 20_000;
/** For the helper's own answer after its deadline. */
const GRACE_MS = 2_000;

const HELP = `reporter: publishes verdicts as commit statuses, through the egress helper

usage: bun daemon/reporter/main.ts --config FILE --state DIR [--socket PATH] [--once]

  --config FILE  host configuration: which repositories are published where
  --state DIR    where it keeps how far it came
  --socket PATH  the daemon's socket (default: ${SYSTEM_SOCKET})
  --once         publish what is there, then end: 0, or 1 where something was given up
`;

function argumentsOf(argv: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({ args: [...argv], options: { config: text, state: text, socket: text, once: { type: "boolean" }, help: { type: "boolean" } }, strict: true }).values;
  } catch (error) {
    if (error instanceof TypeError) throw new MaestroError("cli.usage", `reporter: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Throws `cli.usage` where there is nothing to publish: a reporter that runs and says nothing would be taken for one that works. */
function requireWork(host: Host): string {
  if (!host.repositories.some(({ statuses }) => statuses !== undefined)) throw new MaestroError("cli.usage", "no row of repositories has statuses: there is nothing to publish");
  if (host.trust_file === null) throw new MaestroError("cli.usage", "the reporter publishes what verifies under trust_file, and the configuration names none");
  return host.trust_file;
}

async function reporterOf(host: Host, trust_file: string, state: string, socket: string) {
  const { git } = await findGit();
  const clock = systemClock;
  const link = egressLink({ host, state_dir: state, git_folder: dirname(git), clock });
  const client = new MaestroClient(socket, { trusted_uids: systemUids(socket) });
  const cursor = openCursor(state);
  const published = new Set(host.repositories.filter(({ statuses }) => statuses !== undefined).map(({ id }) => id));
  const reporter = new Reporter(
    {
      feed: (after) => client.feed(after),
      bundle: (gate_id) => client.gateBundle(gate_id),
      // Read anew: the operator may have signed another one.
      trust: () => new Uint8Array(readFileSync(trust_file)),
      publishes: (repo_id) => published.has(repo_id),
      async publish(job) {
        await using talk = await link.open(undefined, () => undefined);
        const reply = await talk.ask({ ...job, deadline_ms: PUBLISH_DEADLINE_MS }, PUBLISH_DEADLINE_MS + GRACE_MS);
        if (reply.kind === "failed") throw new MaestroError(reply.code, reply.detail, reply.retry_after_s === undefined ? {} : { retry_after_s: reply.retry_after_s });
        if (reply.kind !== "status") throw new MaestroError("egress.failed", `the helper answered ${reply.kind} to another question`);
      },
      cursor,
      now_ms: () => clock.now_ms(),
      random: () => Math.random(),
      act: deliveryGuard(),
      tell: (line) => void process.stdout.write(`${JSON.stringify(line)}\n`),
    },
    IDLE_MS,
  );
  return { reporter, link, cursor };
}

const MAY_PASS: ReadonlySet<string> = new Set(["daemon.unreachable", "daemon.draining", "request.busy", "request.timeout", "tenant.rate", "worker.protocol"]);

async function run(argv: readonly string[]): Promise<number> {
  const { config, state, socket = SYSTEM_SOCKET, once = false, help } = argumentsOf(argv);
  if (help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  if (config === undefined || state === undefined) throw new MaestroError("cli.usage", "reporter: --config FILE and --state DIR are needed");
  const host = resolveHost(readHostConfig(config));
  mkdirSync(state, { recursive: true, mode: 0o755 });
  // Of two at once each would move the other's cursor.
  const lock = takeLock(join(state, "lock"));
  const { reporter, link, cursor } = await reporterOf(host, requireWork(host), join(state), socket);
  const dead = cursor.state.dead_total;
  let stopped = false;
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => ((stopped = true), stop.resolve()));
  while (!stopped) {
    let wait_ms: number;
    try {
      const step = await reporter.step();
      if (once && step.idle === true) break;
      ({ wait_ms } = step);
    } catch (error) {
      if (!(error instanceof MaestroError) || !MAY_PASS.has(error.code) || once) throw error;
      process.stdout.write(`${JSON.stringify({ event: "daemon does not answer", code: error.code, detail: error.detail })}\n`);
      wait_ms = ABSENT_MS;
    }
    if (wait_ms > 0) await Promise.race([Bun.sleep(wait_ms), stop.promise]);
  }
  await link.close();
  lock.release();
  return once && cursor.state.dead_total > dead ? 1 : 0;
}

// Started by a command, it ends with it.
dieWithParent();
try {
  process.exit(await run(Bun.argv.slice(2)));
} catch (error) {
  if (!(error instanceof MaestroError)) throw error;
  process.stderr.write(`reporter: ${error.message}\n`);
  process.exit(error.row.exit);
}

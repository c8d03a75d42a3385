/**
 * The egress helper: the one process that opens network connections. It reads the operator table itself, takes questions as frames on its
 * input and ends with it. Started by the daemon, or by a socket unit with `Accept=yes`: then its input and output are the connection.
 */
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { EgressJob } from "../../proto/egress.ts";
import { MaestroError } from "../../proto/errors.ts";
import { environmentOf } from "../config/environment.ts";
import { resolveHost } from "../config/host.ts";
import { readHostConfig } from "../config/host-file.ts";
import { findGit } from "../platform/git/runner.ts";
import { serve } from "../platform/process/child.ts";
import { validatorOf } from "../platform/process/envelope.ts";
import { Conversation } from "./conversation.ts";
import type { EgressTools } from "./settings.ts";

/** A conversation's folder outlives it only where the helper was killed. */
function sweep(state_dir: string, stale_ms: number): void {
  for (const name of readdirSync(state_dir)) {
    const path = join(state_dir, name);
    const found = name.startsWith("talk-") ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (found !== undefined && Date.now() - found.mtimeMs > stale_ms) rmSync(path, { recursive: true, force: true });
  }
}

async function tools(): Promise<EgressTools> {
  const git = await findGit();
  return { ...git, setpriv: Bun.which("setpriv"), ssh: Bun.which("ssh") };
}

const { values } = parseArgs({ args: Bun.argv.slice(2), options: { config: { type: "string" }, state: { type: "string" } }, strict: true });
const { config, state } = values;
if (config === undefined || state === undefined) throw new MaestroError("cli.usage", "usage: egress/main.ts --config FILE --state DIR");
const host = resolveHost(readHostConfig(config));
if (host.modes.includes("sealed")) throw new MaestroError("egress.sealed", "the configuration lists mode sealed");
mkdirSync(state, { recursive: true, mode: 0o700 });
sweep(state, 2 * host.limits.egress.fetch_deadline_ms);
const conversation = new Conversation(host, await tools(), state, environmentOf("CREDENTIALS_DIRECTORY"));
await serve<EgressJob>({ validate: validatorOf(EgressJob), handle: (job, { progress }) => conversation.answer(job, (text) => progress({ kind: "piece", text })) });

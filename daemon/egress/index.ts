/** The core's side of the egress helper: where a target stands, and what the remote has behind it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CosignReply, EgressReply, HistoryJob } from "../../proto/egress.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Host } from "../config/host.ts";
import { hasRemote, type RemoteEntry } from "../config/operator-table.ts";
import type { Clock } from "../platform/clock.ts";
import type { CgroupHome } from "../platform/cgroup/memory-home.ts";
import { leavingAt } from "../platform/leaving.ts";
import { WorkerPool } from "../platform/pool/pool.ts";
import { childLink, socketLink, type Link, type Talk } from "./link.ts";
import { Tips } from "./tips.ts";
import { Turns } from "./turns.ts";

const HELPER = Bun.fileURLToPath(new URL("./main.ts", import.meta.url));
/** The helper keeps its own deadline; this much later the core no longer waits for it. */
export const GRACE_MS = 2_000;
const READ_DEADLINE_MS = 30_000;

export interface EgressDeps {
  readonly host: Host;
  readonly state_dir: string;
  /** The folder git was found in, for the helper's search path. */
  readonly git_folder: string;
  readonly clock: Clock;
  /** Where the kernel keeps the memory limit; absent where it does not. */
  readonly cgroups?: CgroupHome | undefined;
}

/** Told the processor time that a question took. */
export type Spent = (used: { readonly cpu_us: number }) => void;

/** What a change is missing, and who takes it in: a pack body as clients send them, and the commits that must be whole afterwards. */
export interface Missing extends Pick<HistoryJob, "head" | "have" | "object_format"> {
  readonly receive: (body: ReadableStream<Uint8Array>, tips: readonly string[]) => Promise<void>;
  /** Whose fetch it is: those who wait for the same row take turns by it. */
  readonly tenant: string;
  /** Begins when the fetch does, and may refuse it: nobody waits at their own expense. */
  readonly bill: <T>(work: (spent: Spent) => Promise<T>) => Promise<T>;
}

export interface Egress {
  /** The commit the branch stands at, no older than `tip_ttl_ms`. Throws `egress.*`, `request.not_found`. */
  tip(entry: RemoteEntry, ref: string, spent?: Spent): Promise<string>;
  /** Whether `tip` would start no helper: it is known, or somebody is asking. */
  knows(entry: RemoteEntry, ref: string): boolean;
  /** Fetches and hands over what leads to `tip`; returns the tip that was fetched, which is a newer one where the branch moved meanwhile. */
  history(entry: RemoteEntry, ref: string, tip: string, missing: Missing, signal?: AbortSignal): Promise<string>;
  /** Has a witness of the table asked; whatever it answers is an answer. Throws `egress.*`, `request.not_found`. */
  cosign(witness: string, body: string, deadline_ms: number): Promise<Omit<CosignReply, "kind">>;
  close(): Promise<void>;
}

/** Starts nothing: a helper lives as long as a question does. A sealed node, and one whose table has no remote, never has one. */
export function createEgress(deps: EgressDeps): Egress {
  if (deps.host.modes.includes("sealed")) return SEALED;
  return new Remotes(deps, egressLink(deps));
}

const sealed = (): Promise<never> => Promise.reject(new MaestroError("egress.sealed", "mode sealed"));
const SEALED: Egress = { tip: sealed, history: sealed, cosign: sealed, knows: () => true, close: () => Promise.resolve() };

/** The helper reads the table as it was when the daemon started, from a copy: the operator's file may change meanwhile. */
function ownHelpers({ host, state_dir, git_folder, cgroups }: EgressDeps): Link {
  const folder = join(state_dir, "egress");
  const config = join(folder, "table.yaml");
  if (host.repositories.some(hasRemote) || host.keyless !== null || host.witnesses.length > 0 || (host.models?.remote ?? []).length > 0) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { version, trust_domain, modes, repositories, witnesses, trust_file, keyless, models, limits } = host;
    writeFileSync(config, JSON.stringify({ version, trust_domain, modes, repositories, witnesses, ...(trust_file === null ? {} : { trust_file }), ...(keyless === null ? {} : { keyless }), ...(models?.remote === undefined ? {} : { models: { remote: models.remote } }), limits: { egress: limits.egress, intake: limits.intake, inference: limits.inference } }), { mode: 0o600 });
  }
  const { worker, egress } = host.limits;
  return childLink(
    new WorkerPool({
      argv: [process.execPath, "--smol", HELPER, "--config", config, "--state", folder],
      cwd: "/",
      env: { PATH: [git_folder, "/usr/local/bin", "/usr/bin", "/bin"].join(":") },
      limits: { ...worker, memory_bytes_max: egress.memory_bytes_max },
      cgroups,
      size: egress.helpers_max,
      backoff: worker,
    }),
  );
}

/** A helper to speak to, for whoever publishes verdicts. Throws `egress.sealed`. */
export function egressLink(deps: EgressDeps): Link {
  if (deps.host.modes.includes("sealed")) throw new MaestroError("egress.sealed", "mode sealed");
  return deps.host.egress_socket === null ? ownHelpers(deps) : socketLink(deps.host.egress_socket);
}

class Remotes implements Egress {
  readonly #host: Host;
  readonly #link: Link;
  readonly #tips: Tips;
  readonly #turns = new Turns();

  constructor({ host, clock }: EgressDeps, link: Link) {
    this.#host = host;
    this.#link = link;
    this.#tips = new Tips(host.limits.egress.tip_ttl_ms, clock);
  }

  knows(entry: RemoteEntry, ref: string): boolean {
    return this.#tips.knows(`${entry.id} ${ref}`);
  }

  tip(entry: RemoteEntry, ref: string, spent: Spent = () => undefined): Promise<string> {
    return this.#tips.get(`${entry.id} ${ref}`, async () => {
      const deadline_ms = this.#host.limits.egress.tip_deadline_ms;
      await using talk = await this.#link.open(undefined, spent);
      const reply = await talk.ask({ kind: "tip", repository: entry.id, ref, deadline_ms }, deadline_ms + GRACE_MS);
      if (reply.kind !== "tip") throw unexpected(reply);
      return reply.oid;
    });
  }

  history(entry: RemoteEntry, ref: string, tip: string, missing: Missing, signal?: AbortSignal): Promise<string> {
    const mine = this.#turns.pass(entry.id, missing.tenant, () => missing.bill((spent) => this.#fetch(entry, ref, tip, missing, spent, signal)), signal);
    return signal === undefined ? mine : leavingAt(mine, signal);
  }

  async cosign(witness: string, body: string, deadline_ms: number): Promise<Omit<CosignReply, "kind">> {
    await using talk = await this.#link.open(undefined, () => undefined);
    const reply = await talk.ask({ kind: "cosign", witness, body, deadline_ms }, deadline_ms + GRACE_MS);
    if (reply.kind !== "cosign") throw unexpected(reply);
    return reply;
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  async #fetch(entry: RemoteEntry, ref: string, tip: string, missing: Missing, spent: Spent, signal?: AbortSignal): Promise<string> {
    await using talk = await this.#link.open(signal, spent);
    // A fetch may take minutes and holds the mirror: it ends with whoever wanted it.
    const leave = (): void => void talk[Symbol.asyncDispose]();
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await this.#fetched(talk, entry, ref, tip, missing);
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  async #fetched(talk: Talk, entry: RemoteEntry, ref: string, tip: string, { head, have, object_format, receive }: Missing): Promise<string> {
    const deadline_ms = this.#host.limits.egress.fetch_deadline_ms;
    const reply = await talk.ask({ kind: "history", repository: entry.id, ref, object_format, tip, head, have: have.slice(0, 64), deadline_ms }, deadline_ms + GRACE_MS);
    if (reply.kind !== "history") throw unexpected(reply);
    await receive(bodyOf(talk, reply.bytes), reply.tips);
    if (reply.tip !== tip) this.#tips.put(`${entry.id} ${ref}`, reply.tip);
    return reply.tip;
  }

}

/** One piece after the other, as fast as they are taken in. */
function bodyOf(talk: Talk, bytes: number): ReadableStream<Uint8Array> {
  let offset = 0;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    if (offset >= bytes) return controller.close();
    const reply = await talk.ask({ kind: "read", offset }, READ_DEADLINE_MS);
    const piece = reply.kind === "read" ? fromBase64(reply.bytes) : null;
    if (piece === null || piece.length === 0) throw reply.kind === "read" ? new MaestroError("egress.failed", "the body ended early") : unexpected(reply);
    offset += piece.length;
    controller.enqueue(piece);
  };
  return new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
}

export function unexpected(reply: EgressReply): MaestroError {
  return reply.kind === "failed" ? new MaestroError(reply.code, reply.detail, reply.retry_after_s === undefined ? {} : { retry_after_s: reply.retry_after_s }) : new MaestroError("egress.failed", `the helper answered ${reply.kind} to another question`);
}

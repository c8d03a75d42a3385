/** What the helper does with one conversation: a question after the other, about repositories of its own table only. */
import { mkdir, mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { EGRESS_READ_BYTES, type EgressJob, type EgressReply, type FailedReply, type HistoryJob, type TipJob } from "../../proto/egress.ts";
import { fromBase64, toBase64 } from "../../proto/encoding.ts";
import type { ChatJob } from "../../proto/chat.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { KeylessJob } from "../../proto/keyless.ts";
import type { StatusJob } from "../../proto/status.ts";
import { isTarget } from "../../proto/remote.ts";
import type { Host } from "../config/host.ts";
import { hasRemote, type RemoteEntry } from "../config/operator-table.ts";
import { RepositoryStore } from "../platform/git/repository-store.ts";
import { Git } from "../platform/git/runner.ts";
import { type ChatPieces, chat } from "./chat/ask.ts";
import { KEYLESS_DEADLINE_MS, signKeyless } from "./keyless/sign.ts";
import { cosign } from "./cosign.ts";
import { Mirror } from "./mirror.ts";
import { contextOf, publishStatus } from "./publish.ts";
import { RemoteGit } from "./remote-git.ts";
import type { EgressTools } from "./settings.ts";

/** One branch that a server lists twice over is still far below this. */
const ANSWER_BYTES_MAX = 1024 * 1024;
const DETAIL_MAX = 2000;

export class Conversation {
  /** Open, and its name gone: it takes no room on the disk any more once this process has ended, however that comes. */
  private body: FileHandle | null = null;

  constructor(
    private readonly host: Pick<Host, "repositories" | "witnesses" | "limits" | "keyless" | "models">,
    private readonly tools: EgressTools,
    private readonly state_dir: string,
    /** Where the service manager put what the unit loads (systemd.exec(5), LoadCredential=); null where it put nothing. */
    private readonly credentials_dir: string | null,
  ) {}

  /** `piece` takes what a model says before it has said everything. */
  async answer(job: EgressJob, piece: ChatPieces = () => undefined): Promise<EgressReply> {
    try {
      if (job.kind === "read") return await this.read(job.offset);
      if (job.kind === "status") return await this.publish(job);
      if (job.kind === "cosign") return await cosign(this.host.witnesses, job);
      if (job.kind === "keyless") return await this.signed(job);
      if (job.kind === "chat") return await this.chat(job, piece);
      await mkdir(this.state_dir, { recursive: true, mode: 0o700 });
      const folder = await mkdtemp(join(this.state_dir, "talk-"));
      try {
        return await this.ask(job, folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    } catch (error) {
      return failed(error);
    }
  }

  private async ask(job: TipJob | HistoryJob, folder: string): Promise<EgressReply> {
    const entry = this.entryOf(job.repository, job.ref);
    const { egress, intake } = this.host.limits;
    const longest_ms = job.kind === "tip" ? egress.tip_deadline_ms : egress.fetch_deadline_ms;
    const git = new RemoteGit(this.tools, entry, folder, egress, performance.now() + Math.min(job.deadline_ms, longest_ms));
    if (job.kind === "tip") return { kind: "tip", oid: await this.tip(git, entry, job.ref) };
    const store = new RepositoryStore(join(this.state_dir, "mirrors"), new Git(this.tools));
    const { path, tip, tips, bytes } = await new Mirror(store, git, entry, egress, intake.commits_max).history(job, folder);
    this.body = await open(path, "r");
    return { kind: "history", tip, tips: [...tips], bytes };
  }

  /** Where, under which name and with whose token is this helper's own table's to say. */
  private async publish(job: StatusJob): Promise<EgressReply> {
    const entry = this.entryOf(job.repository, job.ref);
    if (entry.statuses === undefined) throw new MaestroError("request.not_found", `the table publishes no statuses of ${entry.id}`);
    const deadline_ms = Math.min(job.deadline_ms, this.host.limits.egress.tip_deadline_ms);
    const where = { ...entry.statuses, token_file: this.loaded(entry.statuses.token_file) };
    return { kind: "status", context: await publishStatus(where, { ...job, deadline_ms }, contextOf(where, entry.target_refs, job.ref), Date.now()) };
  }

  /** With whom and as whom is this helper's own configuration's to say. */
  private async signed({ payload, deadline_ms }: KeylessJob): Promise<EgressReply> {
    const { keyless } = this.host;
    if (keyless === null) throw new MaestroError("request.not_found", "the host configuration names no keyless services");
    const signing = { setting: keyless, payload: fromBase64(payload) ?? new Uint8Array(), now_s: Date.now() / 1000, deadline_ms: Math.min(deadline_ms, KEYLESS_DEADLINE_MS) };
    return { kind: "keyless", bundle: await signKeyless(signing, this.loaded(keyless.oidc_token_file)) };
  }

  /** Where a model is asked, and with whose key, is this helper's own configuration's to say. */
  private async chat(job: ChatJob, piece: ChatPieces): Promise<EgressReply> {
    const entry = this.host.models?.remote?.find(({ id }) => id === job.model);
    if (entry === undefined) throw new MaestroError("models.unknown", `the helper's configuration has no remote model ${job.model}`);
    const where = { ...entry, ...(entry.key_file === undefined ? {} : { key_file: this.loaded(entry.key_file) }) };
    const deadline_ms = Math.min(job.deadline_ms, this.host.limits.inference.generate_deadline_ms);
    return chat(where, { ...job, deadline_ms }, piece, Date.now());
  }

  /** The core is not believed either: what is not in the helper's own table is not reached. */
  private entryOf(id: string, ref: string): RemoteEntry {
    const entry = this.host.repositories.find((row) => row.id === id);
    if (entry === undefined || !hasRemote(entry)) throw new MaestroError("request.not_found", `no repository ${id} with a remote stands in the operator table`);
    if (!isTarget(entry.target_refs, ref)) throw new MaestroError("request.not_found", `${ref} is not among the target_refs of ${id}`);
    return entry.credential_file === undefined ? entry : { ...entry, credential_file: this.loaded(entry.credential_file) };
  }

  /** The path of a file, or of what the unit loads. */
  private loaded(file: string): string {
    const name = /^credential:(.+)$/.exec(file)?.[1];
    if (name === undefined) return file;
    if (this.credentials_dir === null) throw new MaestroError("egress.denied", `the helper's unit loads no credential ${name}`);
    return join(this.credentials_dir, name);
  }

  private async tip(git: RemoteGit, entry: RemoteEntry, ref: string): Promise<string> {
    const said = await git.speak(["ls-remote", "--quiet", "--refs", "--", entry.remote, ref], { stdout_bytes_max: ANSWER_BYTES_MAX, file_bytes_max: this.host.limits.egress.advertised_bytes_max }, null);
    // The pattern of ls-remote also matches `refs/heads/x/refs/heads/main`, so the whole name is compared.
    const oid = Buffer.from(said).toString("latin1").split("\n").map((line) => line.split("\t")).find(([, name]) => name === ref)?.[0];
    if (oid === undefined || !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(oid)) throw new MaestroError("request.not_found", `the remote of ${entry.id} has no branch ${ref}`);
    return oid;
  }

  private async read(offset: number): Promise<EgressReply> {
    if (this.body === null) throw new MaestroError("egress.failed", "nothing was fetched in this conversation");
    const buffer = new Uint8Array(EGRESS_READ_BYTES);
    const { bytesRead } = await this.body.read(buffer, 0, EGRESS_READ_BYTES, offset);
    return { kind: "read", bytes: toBase64(buffer.subarray(0, bytesRead)) };
  }
}

const CODES: readonly FailedReply["code"][] = ["egress.failed", "egress.denied", "egress.timeout", "egress.refused", "request.not_found", "models.busy", "models.context", "models.denied", "models.request", "models.unknown"];

function failed(error: unknown): FailedReply {
  const known = error instanceof MaestroError ? error : new MaestroError("egress.failed", error instanceof Error ? error.message : String(error), { cause: error });
  const code = CODES.find((name) => name === known.code) ?? "egress.failed";
  return { kind: "failed", code, detail: (code === known.code ? known.detail : `${known.code}: ${known.detail}`).slice(0, DETAIL_MAX).toWellFormed(), ...(known.retry_after_s === null ? {} : { retry_after_s: known.retry_after_s }) };
}

/** A build that ended well becomes a record: its files as blobs, then log entry and promise in one transaction, then its name. */
import { BUILD_FILE_NONCE_BYTES, BUILD_OUTPUTS_MAX, buildId, type BuildRow, type BuiltFile } from "../../proto/build.ts";
import { canonicalBytes } from "../../proto/canonical.ts";
import type { Mode } from "../../proto/change.ts";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Collected } from "../platform/sandbox/job.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { sha256Digest } from "../store/blobs.ts";
import { keepBuild, keepBuildFile, keptBytes, type LoggedProvenance, type RanBuild } from "../store/builds.ts";
import { payerOf } from "../store/gates.ts";
import type { Outbox } from "../store/outbox.ts";
import { addEvidence, type Usage } from "../store/usage.ts";
import { builtBy, byproductsOf, type definitionOf, type Ordered } from "./provenance.ts";

/** The node's signature and log. */
export interface Attester {
  /** `commit` runs in the log's own transaction; durable when it resolves. */
  provenance(ran: RanBuild, commit: (logged: LoggedProvenance) => void): Promise<LoggedProvenance>;
  /** null where this node may sign provenance of that repository in that mode. */
  whyNoProvenance(repo_id: string, mode: Mode): string | null;
  now_s(): number;
}

export interface BuildRecordDeps {
  readonly evidence: Attester;
  readonly artifacts: Artifacts;
  readonly outbox: Outbox;
  readonly usage: Usage;
}

export type Kept = Extract<Collected, { state: "kept" }>;

/** What of a build the control plane saw, as opposed to what the build said. */
export interface Finished {
  readonly ordered: Ordered;
  readonly owner: { readonly uid: number; readonly tenant: string | null };
  readonly definition: ReturnType<typeof definitionOf>;
  readonly invocation: string;
  readonly started_s: number;
  readonly outputs: ReadonlyMap<string, Kept>;
  readonly log: string;
  readonly differing: readonly string[] | null;
}

async function stored(artifacts: Artifacts, path: string, kept: Kept): Promise<BuiltFile> {
  const { digest, size, sha256 } = await keepBuildFile(artifacts, Bun.file(kept.path).stream());
  // What was collected, hashed as it came out of the sandbox, and what is attested are one thing.
  if (sha256 !== kept.sha256) throw new MaestroError("worker.protocol", "an output is not the one that was collected");
  return { path, bytes: size - BUILD_FILE_NONCE_BYTES, sha256, blob: digest };
}

export interface Recorded {
  readonly row: BuildRow;
  readonly bundle: Uint8Array;
}

/** Durable when it resolves. */
export async function recordBuild({ evidence, artifacts, outbox, usage }: BuildRecordDeps, finished: Finished): Promise<Recorded> {
  const { ordered: { name, repo_id, commit }, owner, definition, outputs, log } = finished;
  if (outputs.size > BUILD_OUTPUTS_MAX) throw new MaestroError("internal.bug", `${outputs.size} outputs`);
  const files: BuildRow["files"] = [];
  for (const [path, kept] of outputs) files.push(await stored(artifacts, path, kept));
  const log_kept = await keepBuildFile(artifacts, [utf8(log)]);
  const ran = {
    ...definition,
    subject: files.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })),
    version: builtBy,
    invocation: finished.invocation,
    started_s: finished.started_s,
    byproducts: byproductsOf({ log_sha256: log_kept.sha256, differing: finished.differing }),
  };
  let made: { readonly row: BuildRow; readonly bytes: Uint8Array } | undefined;
  const { bundle, log_index } = await evidence.provenance(ran, (logged) => {
    const row: BuildRow = {
      build_id: buildId(logged.statement_sha256), build: name, repo_id, commit,
      owner_uid: owner.uid, ...(owner.tenant === null ? {} : { owner_tenant: owner.tenant }),
      log_index: logged.log_index, provenance: sha256Digest(logged.bundle), log: { digest: log_kept.digest, size: log_kept.size }, files,
    };
    const bytes = canonicalBytes(row);
    addEvidence(usage, payerOf(row), keptBytes(row) + bytes.length + logged.bundle.length);
    outbox.hold({ id: logged.log_index, name: row.build_id, blobs: [logged.bundle, bytes] });
    made = { row, bytes };
  });
  if (made === undefined) throw new MaestroError("internal.bug", "the log took an entry without its build");
  await keepBuild(artifacts, made.row.build_id, [bundle, made.bytes]);
  outbox.sent(log_index);
  return { row: made.row, bundle };
}

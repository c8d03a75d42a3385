/** `maestro release`: an artifact, and the range of commits in it, each of them admitted. The node's own records decide; docs/shipping.md. */
import type { Mode } from "../../proto/change.ts";
import { fromBase64, toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { ObjectFormat } from "../../proto/scalar.ts";
import type { ShipmentPredicate, ShippedStep } from "../../proto/predicates/shipping.ts";
import { SHIPPED_STEPS_MAX } from "../../proto/predicates/shipping.ts";
import type { ShipRefusal, ShipReply, ShippedArtifact, UncoveredCommit } from "../../proto/shipping.ts";
import type { CommitsJob, CommitsReply } from "../../proto/worker-beside.ts";
import { Lane } from "../checking/lane.ts";
import type { Host } from "../config/host.ts";
import type { Repository, RepositoryStore } from "../platform/git/repository-store.ts";
import type { GitTools } from "../platform/git/runner.ts";
import type { WorkerPool } from "../platform/pool/pool.ts";
import type { Usage } from "../platform/process/usage.ts";
import type { Store } from "../store/db.ts";
import type { GateRow, Gates } from "../store/gates.ts";
import type { Trust } from "../verifier/index.ts";
import { timestampOf } from "../verifier/time.ts";
import { Admits, type RecordedAdmit, type Wanted } from "./admits.ts";
import { cover, lineOf, looksRebased, segmentsOf, type Admit, type Coverage, type Range, type RangeCommit, type Step } from "./core.ts";
import { madeOf, type MadeOf } from "./made-of.ts";
import { recordShipment, type ShipmentAttester, type ShipmentRecordDeps } from "./record.ts";

export interface ShipperDeps extends ShipmentRecordDeps {
  readonly evidence: ShipmentAttester & { readonly trust: Trust; now_s(): number };
  readonly gates: Gates;
  readonly store: Pick<Store, "atomic">;
  readonly host: Pick<Host, "limits">;
  readonly git: GitTools;
  readonly pool: WorkerPool;
  readonly repositories: Pick<RepositoryStore, "open">;
}

export interface ShipOrder {
  readonly repo_id: string;
  readonly mode: Mode;
  readonly object_format: ObjectFormat;
  readonly target_ref: string;
  /** Where the branch stands. */
  readonly tip: string;
  readonly from: string | null;
  readonly to: string;
  readonly artifact: ShippedArtifact;
  readonly purl: string | null;
  readonly bundles: readonly string[];
  readonly owner: { readonly uid: number; readonly tenant: string | null };
  readonly lane: string;
  readonly sees: (row: GateRow) => boolean;
}

type Refused = Extract<ShipReply, { result: "refused" }>;

const COMMITS_MAX = 20_000;
const NAMED_MAX = 1_000;

const refused = (cause: ShipRefusal, because: string, commits: readonly UncoveredCommit[] = []): Refused => ({
  result: "refused",
  cause,
  because: because.slice(0, 2000),
  commits: commits.slice(0, NAMED_MAX).map(({ commit, because: why }) => ({ commit, because: why.slice(0, 2000) })),
  commits_cut: Math.max(0, commits.length - NAMED_MAX),
});

/** Of commits as a check process lists them: an admit's own, oldest first; null for a merge among them, which no rebase keeps. */
function wordsAlong(commits: readonly RangeCommit[], head: string): readonly string[] | null {
  const byId = new Map(commits.map((commit) => [commit.oid, commit]));
  const words: string[] = [];
  for (let commit = byId.get(head); commit !== undefined; commit = byId.get(commit.parents[0] ?? "")) {
    if (commit.parents.length > 1 || words.length > byId.size) return null;
    words.push(commit.words);
  }
  return words.length === byId.size ? words.reverse() : null;
}

const stepOf = ({ admit, from, to, how, commits, landed_s }: Step<RecordedAdmit>): ShippedStep => {
  const { statement: { predicate }, gate_id, head, log_index, statement_sha256, bundle_sha256, record, signer } = admit;
  const { attempt, issued_at, valid_until } = predicate.attempt;
  return { from, to, how, commits, head, gate_id, attempt, log_index, statement_sha256, bundle_sha256, issued_at, valid_until, landed_by: landed_s === null ? null : timestampOf(landed_s), releases: (predicate.releases ?? []).filter(({ counts }) => counts).map(({ kind }) => kind), record, signer };
};

/** The bill of materials of the newest commit: of the last step that touched a lock file. */
function sbomOf(steps: readonly Step<RecordedAdmit>[]): ShipmentPredicate["sbom"] {
  const last = steps.findLast(({ admit }) => admit.sbom_sha256 !== null)?.admit;
  return last === undefined || last.sbom_sha256 === null ? null : { gate_id: last.gate_id, attempt: last.statement.predicate.attempt.attempt, sha256: last.sbom_sha256 };
}

function notesOf({ mode }: ShipOrder, made: MadeOf | null, sbom: ShipmentPredicate["sbom"]): string[] {
  return [
    ...(made === null ? ["nothing here says what the artifact was made of: this node built no such file from the newest commit; maestro build does, and releases with provenance"] : []),
    ...(mode === "local" ? ["mode local: which repository, branch and range this is, is the caller's word"] : []),
    ...(sbom === null ? ["no gate of the range recorded a bill of materials: no lock file that is read was touched"] : []),
  ];
}

/** One question after another about one range. */
class Shipping {
  constructor(
    private readonly deps: ShipperDeps,
    private readonly admits: Admits,
    private readonly order: ShipOrder,
    private readonly repository: Repository,
    private readonly lane: Lane,
  ) {}

  private ask(asked: Pick<CommitsJob, "range" | "tip" | "trees">): Promise<CommitsReply> {
    const { git, host } = this.deps;
    const { git_dir, object_format } = this.repository;
    const deadline_ms = host.limits.worker.facts_deadline_ms;
    return this.lane.run({ kind: "commits", git: { ...git }, git_dir, object_format, ...asked, commits_max: COMMITS_MAX, tree_entries_max: host.limits.command.tree_entries_max, deadline_ms }, deadline_ms);
  }

  /** Everything that `from` does not have, and its line; or why there is no such range. */
  async range(): Promise<{ readonly range: Range; readonly on_target: ShipmentPredicate["on_target"] } | Refused> {
    const { from, to, tip, mode, target_ref } = this.order;
    const { commits, because, behind_tip } = await this.ask({ range: { from, to }, tip: mode === "local" ? null : tip, trees: [] });
    if (because !== null) return refused("range.unreadable", `the range cannot be read: ${because}; fetch the whole history and try again`);
    const byId = new Map(commits.map((commit) => [commit.oid, commit]));
    const line = lineOf(byId, from, to);
    if (line === null || line.length === 0) return refused("range.no_line", `${from} is not on the first-parent line of ${to}, so no sequence of merges leads from the one to the other`);
    if (mode === "local") return { range: { from, commits: byId, line }, on_target: "claimed" };
    if (to === tip) return { range: { from, commits: byId, line }, on_target: "tip" };
    if (behind_tip !== true) return refused("range.off_target", `${to} is not on ${target_ref} as the operator's remote has it; merge it first`);
    return { range: { from, commits: byId, line }, on_target: "behind" };
  }

  /** What a rebase would have kept of the changes whose result came in several commits. */
  private async ownWords(range: Range, admits: readonly RecordedAdmit[]): Promise<(admit: Admit) => readonly string[] | null> {
    const words = new Map<string, readonly string[] | null>();
    for (const segment of segmentsOf(range, admits).filter((one) => looksRebased(range, one))) {
      const { gate_id, base, head } = segment.admit;
      if (words.has(gate_id)) continue;
      const { commits, because } = await this.ask({ range: { from: base, to: head }, tip: null, trees: [] });
      words.set(gate_id, because === null ? wordsAlong(commits, head) : null);
    }
    return ({ gate_id }) => words.get(gate_id) ?? null;
  }

  async coverage(range: Range, wanted: Wanted): Promise<Coverage<RecordedAdmit>> {
    const { evidence } = this.deps;
    const against = new Map<string, string>();
    const given = await Promise.all(this.order.bundles.map((text) => this.admits.standing(fromBase64(text) ?? new Uint8Array(), wanted, "bundle")));
    const brought = given.filter((admit) => typeof admit !== "string");
    const heads = range.line.flatMap(({ oid, parents }) => [oid, ...parents.slice(1)]);
    const named = await this.admits.ofHeads(heads, wanted);
    for (const [head, why] of named.against) against.set(head, why);
    const trees = new Set(range.line.map(({ tree }) => tree));
    const judge = async (admits: readonly RecordedAdmit[]): Promise<Coverage<RecordedAdmit>> => cover(range, admits, evidence.now_s(), await this.ownWords(range, admits), (oid) => this.why(range, admits, against, oid));
    const first = [...brought, ...named.admits];
    const covered = await judge(first);
    if ("steps" in covered) return covered;
    const same = await this.admits.ofTrees(trees, new Set([range.from, ...range.line.map(({ oid }) => oid)]), wanted);
    return judge([...first, ...same]);
  }

  /** What is on record of a commit that nothing covers. */
  private why({ line }: Range, admits: readonly RecordedAdmit[], against: ReadonlyMap<string, string>, oid: string): string | null {
    const commit = line.find((one) => one.oid === oid);
    const heads = [oid, ...(commit?.parents.slice(1) ?? [])];
    const elsewhere = admits.find(({ head, merge_tree }) => heads.includes(head) || merge_tree === commit?.tree);
    if (elsewhere !== undefined) return `${elsewhere.gate_id} admitted ${elsewhere.head.slice(0, 12)} on ${elsewhere.base?.slice(0, 12) ?? "no base"}, and it landed on ${commit?.parents[0]?.slice(0, 12) ?? "none"} or with other content: nobody judged that together`;
    return heads.map((head) => against.get(head)).find((why) => why !== undefined) ?? null;
  }

  /** The admits' own digests of their trees against the trees as they are: SHA-1 alone does not carry a release. Returns the newest tree's. */
  async digests(steps: readonly Step<RecordedAdmit>[]): Promise<string | UncoveredCommit> {
    const { digests } = await this.ask({ range: null, tip: null, trees: steps.map(({ admit }) => admit.merge_tree) });
    for (const [i, { admit, to }] of steps.entries()) {
      if (admit.statement.predicate.identity.tree_sha256 !== digests[i]) return { commit: to, because: "git's tree id is the admitted one and the content is not: two contents share one object id" };
    }
    return digests.at(-1) ?? "";
  }
}

export class Shipper {
  private readonly admits: Admits;

  constructor(private readonly deps: ShipperDeps) {
    this.admits = new Admits(deps);
  }

  /** The most that a release may take, for whoever pays. */
  get worst(): { readonly wall_us: number; readonly cpu_us: number; readonly model_tokens: number } {
    const us = this.deps.host.limits.worker.facts_deadline_ms * 4 * 1000;
    return { wall_us: us, cpu_us: us, model_tokens: 0 };
  }

  /** A refusal is an answer, signs nothing, and is counted. Throws `evidence.keys`, `request.cancelled`, and what check processes throw. */
  async run(order: ShipOrder, signal: AbortSignal, spent: (usage: Usage) => void): Promise<ShipReply> {
    const { evidence, pool, repositories } = this.deps;
    const no = evidence.whyNoShipment(order.repo_id, order.mode);
    if (no !== null) throw new MaestroError("evidence.keys", `the trust file does not let this node sign releases of artifacts (${no}); sign the node's trust.json anew with maestro trust sign`);
    await using stack = new AsyncDisposableStack();
    const lane = new Lane(pool, signal, order.lane);
    // After the lane has ended: only then is it known what its processes used.
    stack.defer(() => spent(lane.usage));
    stack.use(lane);
    const reply = await this.within(order, new Shipping(this.deps, this.admits, order, await repositories.open(order.repo_id, order.object_format), lane));
    if (reply.result === "refused") this.count(order, reply);
    return reply;
  }

  private count({ repo_id, to, owner: { uid, tenant } }: ShipOrder, { cause }: Refused): void {
    const { store, shipped, evidence } = this.deps;
    store.atomic(() => shipped.refused({ at_s: evidence.now_s(), repo_id, head: to, owner_uid: uid, ...(tenant === null ? {} : { owner_tenant: tenant }), refused: cause }));
  }

  private async within(order: ShipOrder, shipping: Shipping): Promise<ShipReply> {
    const { artifacts, evidence } = this.deps;
    const { repo_id, target_ref, mode, artifact, from, to, sees } = order;
    const found = await shipping.range();
    if ("result" in found) return found;
    const { range, on_target } = found;
    const coverage = await shipping.coverage(range, { repo_id, target_ref, mode, sees });
    if ("uncovered" in coverage) return refused("commits.uncovered", `${coverage.uncovered.length} of ${range.line.length} commits lack an admit that holds`, coverage.uncovered);
    const { steps } = coverage;
    if (steps.length > SHIPPED_STEPS_MAX) return refused("range.too_long", `${steps.length} changes, at most ${SHIPPED_STEPS_MAX} in one release; release a shorter range`);
    const tree_sha256 = await shipping.digests(steps);
    if (typeof tree_sha256 !== "string") return refused("tree.collision", "a tree is not what was admitted", [tree_sha256]);
    const made = await madeOf(artifacts, evidence.trust, evidence.now_s(), { repo_id, commit: to, sha256: artifact.sha256 });
    if (made !== null && "other" in made) return refused("artifact.other_commit", `this node built that file from ${made.other}, which is not ${to}: build the newest commit, or release up to the one it was built from`);
    const sbom = sbomOf(steps);
    const { row, shipment, release } = await recordShipment(this.deps, {
      subject: [{ name: artifact.name, digest: { sha256: artifact.sha256 } }],
      mode, repository: repo_id, target_ref, on_target,
      range: { from, to, tree: range.line.at(-1)?.tree ?? "", tree_sha256, commits: range.line.length },
      purl: order.purl ?? `pkg:generic/${artifact.name}@${to}`,
      steps: steps.map(stepOf), provenance: made?.provenance ?? null, sbom,
    }, artifact, order.owner);
    return { result: "released", row, shipment: toBase64(shipment), release: toBase64(release), provenance: made === null ? null : toBase64(made.bundle), notes: notesOf(order, made, sbom) };
  }
}

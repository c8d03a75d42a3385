/** The graph of one gate, drawn from what its bundle says; nothing here is stored twice. Pure. */
import type { Statement } from "../../proto/attestation.ts";
import type { Card } from "../../proto/card.ts";
import type { LineageNode, LineageReply } from "../../proto/lineage.ts";
import type { Leaf } from "../../proto/manifest.ts";

/** Attestation of a bundle, by its signed payload. */
export interface Attested {
  readonly predicate_type: string;
  readonly statement_sha256: string;
  readonly log_index: number;
}

/** A gate or a release that stands in relation to this one. */
export interface Related {
  readonly kind: "gate" | "release";
  readonly name: string;
  readonly digest: string | null;
  readonly at: string | null;
  readonly state: LineageNode["state"];
}

/** A release of an artifact that names this gate; `artifact` is null where it is gone. */
export interface ShippedIn {
  readonly shipment_id: string;
  readonly digest: string | null;
  readonly at: string | null;
  readonly state: LineageNode["state"];
  readonly artifact: { readonly name: string; readonly sha256: string } | null;
}

/** What was signed about drafts of this attempt; `digest` is null where it is damaged. */
export interface DraftedOf {
  readonly name: string;
  readonly digest: string | null;
  readonly at: string | null;
  readonly log_index: number | null;
  readonly state: LineageNode["state"];
}

export interface GateParts {
  readonly predicate: Statement["predicate"];
  readonly card: Card | null;
  readonly leaves: readonly Leaf[];
  readonly attested: readonly Attested[];
  /** Plain digests of reply and bundle. */
  readonly reply_sha256: string;
  readonly bundle_sha256: string;
  /** `rules`: of configuration and policy, which the full reply holds. */
  readonly states: Readonly<Record<"source" | "reply" | "rules" | "bundle", LineageNode["state"]>>;
  readonly log_origin: string;
  readonly upstream: readonly Related[];
  readonly downstream: readonly Related[];
  readonly shipments: readonly ShippedIn[];
  readonly drafts: readonly DraftedOf[];
}

export class Drawing {
  readonly nodes: LineageNode[] = [];
  readonly edges: { from: number; to: number }[] = [];

  /** As much of it as a reply holds. */
  get graph(): Pick<LineageReply, "nodes" | "edges"> {
    return { nodes: this.nodes.slice(0, NODES_MAX), edges: this.edges.filter(({ from, to }) => from < NODES_MAX && to < NODES_MAX).slice(0, EDGES_MAX) };
  }

  node(node: Omit<LineageNode, "at"> & { readonly at?: string | null }, from: readonly number[] = []): number {
    const to = this.nodes.push({ at: null, ...node }) - 1;
    for (const each of from) this.edges.push({ from: each, to });
    return to;
  }
}

export const git = (format: string, oid: string): string => `${format === "sha256" ? "git-sha256" : "gitCommit"}:${oid}`;

/** What was judged, and under which rules. */
function sources(drawing: Drawing, { predicate: { identity, attempt }, states, upstream }: GateParts): { readonly change: number[]; readonly rules: number[]; readonly releases: number[]; readonly answers: number[] } {
  const { head, base, object_format, merge_tree, tree_sha256, policy, config } = identity;
  const source = { stage: "source" as const, class: "source" as const, state: states.source };
  const change = [drawing.node({ ...source, kind: "commit", name: "head", digest: git(object_format, head) })];
  if (base !== null) change.push(drawing.node({ ...source, kind: "commit", name: `base of ${identity.target_ref}`, digest: git(object_format, base) }));
  const tree = merge_tree === null ? [] : [drawing.node({ ...source, kind: "tree", name: "merged tree", digest: tree_sha256 === null ? `gitTree:${merge_tree}` : `sha256:${tree_sha256}` }, change)];
  const rule = { stage: "source" as const, class: "personal" as const, state: states.rules };
  const rules = [drawing.node({ ...rule, kind: "policy", name: "policy", digest: policy }), drawing.node({ ...rule, kind: "configuration", name: "configuration", digest: config })];
  const of = (kind: Related["kind"]): number[] => upstream.filter((one) => one.kind === kind).map((one) => drawing.node({ stage: "outcome", kind: one.kind === "gate" ? "earlier answer" : "release", name: one.name, digest: one.digest, at: one.at ?? (one.kind === "gate" ? null : attempt.issued_at), class: "evidence", state: one.state }));
  return { change: tree.length > 0 ? tree : change, rules, releases: of("release"), answers: of("gate") };
}

/** Documents of the manifest that stay on the node stand for what was looked at. */
function snapshots(drawing: Drawing, { leaves, predicate: { attempt } }: GateParts, from: readonly number[]): number[] {
  return leaves.flatMap((leaf) => {
    if (leaf.kind !== "document" || leaf.source_mac === null) return [];
    return [drawing.node({ stage: "snapshot", kind: "document", name: leaf.name, digest: `hmac-sha256:${leaf.source_mac}`, at: attempt.issued_at, class: "cache", state: "passing" }, from)];
  });
}

/** From what a change is to what can be shown of it, and to those who built on it. */
export function draw(parts: GateParts): Pick<LineageReply, "nodes" | "edges"> {
  const { predicate, card, leaves, attested, states, reply_sha256, bundle_sha256, log_origin, downstream } = parts;
  const { issued_at: at } = predicate.attempt;
  const drawing = new Drawing();
  const { change, rules, releases, answers } = sources(drawing, parts);
  const snapshot = snapshots(drawing, parts, change);
  const outcomes = leaves.flatMap((leaf) => {
    if (leaf.kind !== "check" && leaf.kind !== "numeric" && leaf.kind !== "boolean") return [];
    const digest = leaf.source_mac !== null ? `hmac-sha256:${leaf.source_mac}` : leaf.source_sha256 === null ? null : `sha256:${leaf.source_sha256}`;
    const reused = card?.checks.some(({ check, reused: again }) => check === leaf.name && again !== undefined) === true;
    return [drawing.node({ stage: "outcome", kind: leaf.kind === "check" ? "check" : "obligation", name: `${leaf.name}: ${leaf.outcome}`, digest, at, class: "personal", state: states.reply }, [...(snapshot.length > 0 ? snapshot : change), ...(reused ? answers : [])])];
  });
  const manifest = drawing.node({ stage: "evidence", kind: "manifest", name: "root of the manifest", digest: `sha256:${predicate.manifest.root}`, at, class: "evidence", state: states.bundle }, [...outcomes, ...rules, ...releases]);
  const statements = attested.map(({ predicate_type, statement_sha256 }) => drawing.node({ stage: "evidence", kind: "statement", name: predicate_type, digest: `sha256:${statement_sha256}`, at, class: "evidence", state: states.bundle }, [manifest]));
  attested.forEach(({ log_index }, index) => drawing.node({ stage: "evidence", kind: "log entry", name: `${log_origin} #${log_index}`, digest: null, at, class: "log", state: "kept" }, statements.slice(index, index + 1)));
  const bundle = drawing.node({ stage: "evidence", kind: "bundle", name: "evidence bundle", digest: `sha256:${bundle_sha256}`, at, class: "evidence", state: states.bundle }, [...statements, manifest]);
  drawing.node({ stage: "evidence", kind: "reply", name: "card and findings as they were answered", digest: `sha256:${reply_sha256}`, at, class: "personal", state: states.reply }, [bundle]);
  for (const one of downstream) drawing.node({ stage: "evidence", kind: one.kind === "gate" ? "later gate" : one.kind, name: one.name, digest: one.digest, at: one.at, class: "evidence", state: one.state }, [bundle]);
  for (const { name, digest, at: said_at, log_index, state } of parts.drafts) {
    const drafts = drawing.node({ stage: "evidence", kind: "drafts", name, digest, at: said_at, class: "evidence", state }, [manifest]);
    if (log_index !== null) drawing.node({ stage: "evidence", kind: "log entry", name: `${log_origin} #${log_index}`, digest: null, at: said_at, class: "log", state: "kept" }, [drafts]);
  }
  for (const one of parts.shipments) drawShipped(drawing, one, [bundle]);
  return drawing.graph;
}

/** A release of an artifact, and the file that was released. */
export function drawShipped(drawing: Drawing, { shipment_id, digest, at, state, artifact }: ShippedIn, from: readonly number[]): void {
  const shipment = drawing.node({ stage: "shipment", kind: "shipment", name: shipment_id, digest, at, class: "evidence", state }, from);
  if (artifact !== null) drawing.node({ stage: "shipment", kind: "artifact", name: artifact.name, digest: `sha256:${artifact.sha256}`, at, class: "evidence", state: "passing" }, [shipment]);
}

/** Of `LineageReply`. */
const NODES_MAX = 2_000;
const EDGES_MAX = 4_000;

/** Where what is on record came from: read from bundles, artifacts and tombstones when somebody asks. */
import { sha256 } from "@noble/hashes/sha2.js";
import { SigstoreBundle, Statement } from "../../proto/attestation.ts";
import { Bundle } from "../../proto/bundle.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import { fromBase64, toHex } from "../../proto/encoding.ts";
import type { LineageNode, LineageReply } from "../../proto/lineage.ts";
import { DraftStatement } from "../../proto/predicates/draft.ts";
import type { Tombstone } from "../../proto/retention.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import type { Artifacts } from "../store/artifacts.ts";
import { readDrafts } from "../store/draft-statements.ts";
import { artifactName, type GateRow, type Gates } from "../store/gates.ts";
import { type LineageEdges, upstreamOf } from "../store/lineage-edges.ts";
import { shipmentStatement, type ShipmentIndex } from "../store/shipment-index.ts";
import { readShipment, type KeptShipment } from "../store/shipments.ts";
import type { Holds, Tombstones } from "../store/tombstones.ts";
import { BUNDLE_LIMITS, STATEMENT_LIMITS } from "../verifier/limits.ts";
import { type Attested, draw, type DraftedOf, type Related, type ShippedIn } from "./core.ts";
import { drawRelease } from "./shipment.ts";

export interface LineageDeps {
  readonly gates: Gates;
  readonly artifacts: Artifacts;
  readonly tombstones: Tombstones;
  readonly holds: Holds;
  readonly edges: LineageEdges;
  readonly shipped: Pick<ShipmentIndex, "ofGate">;
  /** Whether the full reply of a gate holds its configuration and policy. */
  readonly holdsRules: (row: GateRow) => Promise<boolean>;
  /** Whether a commit of a repository is still in its store. */
  readonly hasCommit: (repo_id: string, object_format: "sha1" | "sha256", oid: string) => Promise<boolean>;
  readonly log_origin: () => string;
}

type Owned = Pick<GateRow, "owner_uid" | "owner_tenant" | "repo_id" | "head">;

export interface Lineage {
  /** `sees`: whether the reader may know of somebody's release. */
  of(row: GateRow, sees: (owned: Owned) => boolean): Promise<LineageReply>;
  ofShipment(kept: KeptShipment): Promise<LineageReply>;
  /** What is left of records whose name, gate, head or digest starts with `text`; at most 8. */
  buried(text: string): Tombstone[];
}

const isBundle = lazyCheck(Bundle);
const isStatement = lazyCheck(Statement);
const isSigstore = lazyCheck(SigstoreBundle);
const isDrafts = lazyCheck(DraftStatement);
const TOMBSTONES_MAX = 8;
const GATE_ARTIFACT = /^gate-([a-z2-7]{52})-(\d+)$/;
const hex = (digest: string): string => digest.replace(/^sha256:/, "");

interface Opened {
  readonly bundle: Bundle;
  readonly statement: Statement;
  readonly attested: readonly Attested[];
}

function opened(bytes: Uint8Array): Opened | null {
  const bundle: unknown = parseCanonical(bytes, BUNDLE_LIMITS);
  if (!isBundle().Check(bundle)) return null;
  const payloads = bundle.attestations.map(({ dsseEnvelope, verificationMaterial }) => ({ payload: fromBase64(dsseEnvelope.payload) ?? new Uint8Array(), log_index: Number(verificationMaterial.tlogEntries[0]?.logIndex ?? 0) }));
  const statements = payloads.map(({ payload }) => parseCanonical(payload, STATEMENT_LIMITS));
  const [statement] = statements;
  if (!isStatement().Check(statement)) return null;
  const attested = payloads.map(({ payload, log_index }, at) => ({ predicate_type: typeOf(statements[at]), statement_sha256: toHex(sha256(payload)), log_index }));
  return { bundle, statement, attested };
}

const typeOf = (statement: unknown): string => (typeof statement === "object" && statement !== null && "predicateType" in statement ? String(statement.predicateType).slice(0, 500) : "");

/** Who wrote what stands in its name. */
function draftedOf(name: string, bytes: Uint8Array): DraftedOf {
  const bundle: unknown = parseCanonical(bytes, BUNDLE_LIMITS);
  const payload = isSigstore().Check(bundle) ? (fromBase64(bundle.dsseEnvelope.payload) ?? new Uint8Array()) : new Uint8Array();
  const statement: unknown = payload.length === 0 ? null : parseCanonical(payload, STATEMENT_LIMITS);
  if (!isSigstore().Check(bundle) || !isDrafts().Check(statement)) return { name, digest: null, at: null, log_index: null, state: "absent" };
  const { at, drafts } = statement.predicate;
  return { name: drafts.map(({ task, path, model }) => `${task} by ${path}${model === undefined ? "" : ` (${model.name})`}`).join(", "), digest: `sha256:${toHex(sha256(payload))}`, at, log_index: Number(bundle.verificationMaterial.tlogEntries[0]?.logIndex), state: "kept" };
}

export function createLineage({ gates, artifacts, tombstones, holds, edges, shipped, holdsRules, hasCommit, log_origin }: LineageDeps): Lineage {
  const has = async (digest: string, buried: Tombstone | undefined): Promise<LineageNode["state"]> => ((await artifacts.blobs.has(digest)) ? "kept" : buried === undefined ? "absent" : "tombstone");

  function related(name: string): Related {
    const [, id, attempt] = GATE_ARTIFACT.exec(name) ?? [];
    if (id === undefined) return { kind: "release", name, digest: null, at: null, state: artifacts.names().includes(name) ? "kept" : tombstones.get(name, "evidence") === undefined ? "absent" : "tombstone" };
    const row = gates.get(`gate:${id}`, Number(attempt));
    const gone = tombstones.get(name, "evidence");
    return { kind: "gate", name, digest: row?.bundle ?? null, at: row?.attempt.issued_at ?? null, state: row !== undefined ? "kept" : gone === undefined ? "absent" : "tombstone" };
  }

  /** One that is gone is said by its id alone: whose it was, and of which file, is gone with it. */
  async function shippedIn(name: string, sees: (owned: Owned) => boolean): Promise<ShippedIn[]> {
    const found = await Promise.all(shipped.ofGate(name).map(async (shipment_id): Promise<ShippedIn | null> => {
      const kept = await readShipment(artifacts, shipment_id);
      if (kept === null) return { shipment_id, digest: null, at: null, artifact: null, state: tombstones.get(shipment_id, "evidence") === undefined ? "absent" : "tombstone" };
      const { predicate: { at } } = shipmentStatement(kept.shipment);
      return sees(kept.row) ? { shipment_id, digest: kept.row.shipment, at, artifact: kept.row.artifact, state: "kept" } : null;
    }));
    return found.filter((one) => one !== null);
  }

  async function drafted(gate_id: string, attempt: number): Promise<DraftedOf[]> {
    return (await readDrafts(artifacts, gate_id, attempt)).map(({ name, bundle }) => (bundle === null ? { name, digest: null, at: null, log_index: null, state: "absent" } : draftedOf(name, bundle)));
  }

  return {
    async of(row, sees) {
      const { gate_id, attempt: { attempt }, repo_id, head } = row;
      const name = artifactName(gate_id, attempt);
      const personal = tombstones.get(name, "personal");
      const [bytes, reply] = await Promise.all([artifacts.blobs.get(row.bundle), has(row.reply, personal)]);
      const found = bytes === undefined ? null : opened(bytes);
      const said = { name, gate_id, attempt, hold: holds.get(gate_id) ?? null, tombstones: personal === undefined ? [] : [personal] };
      if (found === null) return { ...said, nodes: [], edges: [] };
      const { bundle: { card, manifest }, statement, attested } = found;
      const source = (await hasCommit(repo_id, statement.predicate.identity.object_format, head)) ? "kept" : "tombstone";
      const upstream = card === null ? [] : upstreamOf(card).map((one) => related(one.name));
      const before = row.attempt.supersedes;
      if (before !== null) upstream.push(related(artifactName(gate_id, before)));
      const leaves = manifest.leaves.flatMap((slot) => ("leaf" in slot ? [slot.leaf] : []));
      const downstream = edges.from(name).map(({ to }) => related(to));
      const rules = reply !== "kept" ? reply : (await holdsRules(row)) ? "kept" : "passing";
      const states = { source, reply, rules, bundle: "kept" } as const;
      const [shipments, drafts] = [await shippedIn(name, sees), await drafted(gate_id, attempt)];
      return { ...said, ...draw({ predicate: statement.predicate, card, leaves, attested, reply_sha256: hex(row.reply), bundle_sha256: hex(row.bundle), states, log_origin: log_origin(), upstream, downstream, shipments, drafts }) };
    },
    async ofShipment({ row, shipment }) {
      const { predicate } = shipmentStatement(shipment);
      const { range, provenance } = predicate;
      const states = {
        source: (await hasCommit(row.repo_id, range.to.length === 64 ? "sha256" : "sha1", range.to)) ? "kept" : "tombstone",
        provenance: provenance !== null && artifacts.names().includes(provenance.build_id) ? "kept" : provenance !== null && tombstones.get(provenance.build_id, "evidence") !== undefined ? "tombstone" : "absent",
        gate: (gate_id: string, attempt: number) => related(artifactName(gate_id, attempt)).state,
      } as const;
      return { name: row.shipment_id, gate_id: null, attempt: null, hold: null, tombstones: [], ...drawRelease({ row, predicate, log_origin: log_origin(), states }) };
    },
    buried(text) {
      const wanted = text.replace(/^(?:gate|sha256):/, "");
      const matches = ({ name, gate_id, head, digests }: Tombstone): boolean => name.startsWith(text) || gate_id?.startsWith(`gate:${wanted}`) === true || head?.startsWith(wanted) === true || digests.some((digest) => digest.sha256.startsWith(wanted));
      const found: Tombstone[] = [];
      for (const each of tombstones.all()) if (matches(each) && found.push(each) === TOMBSTONES_MAX) break;
      return found;
    },
  };
}

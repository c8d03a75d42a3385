/** What was asked about releases of artifacts, and which gates and files they are of: reports and lineage read no signed statements. */
import { Type, type Static } from "@sinclair/typebox";
import { ShipmentStatement } from "../../proto/predicates/shipping.ts";
import { parseCanonical } from "../../proto/canonical.ts";
import { fromBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { Closed, Count, GitOid, RepositoryId } from "../../proto/scalar.ts";
import { ShipmentId, ShipRefusal, type ShipmentRow } from "../../proto/shipping.ts";
import { SigstoreBundle } from "../../proto/attestation.ts";
import { TenantId } from "../../proto/tenant.ts";
import { lazyCheck } from "../platform/lazy-check.ts";
import { BUNDLE_LIMITS, STATEMENT_LIMITS } from "../verifier/limits.ts";
import { timestampSeconds } from "../verifier/time.ts";
import type { Artifacts } from "./artifacts.ts";
import type { Store } from "./db.ts";
import { artifactName } from "./gates.ts";
import { isShipmentName, readShipment } from "./shipments.ts";
import { LAST_TEXT } from "./table.ts";

/** One question and its answer. `refused`: why; null where it was released. `provenance`: whether the release names any. */
export const AskedShipment = Closed({
  at_s: Count,
  repo_id: RepositoryId,
  head: GitOid,
  owner_uid: Count,
  owner_tenant: Type.Optional(TenantId),
  refused: Type.Union([ShipRefusal, Type.Null()]),
  provenance: Type.Boolean(),
});
export type AskedShipment = Static<typeof AskedShipment>;

const Named = Closed({ shipment_id: ShipmentId });

/** Beyond this the oldest questions go: reports look back over a window. */
const ASKED_MAX = 50_000;
/** Of one gate or file; later ones first. */
const READ_MAX = 64;
/** Releases of one file within one second of log time. */
const SECOND_MAX = 1_000;

/** A release as far as it is looked for. */
export interface IndexedShipment {
  readonly row: ShipmentRow;
  readonly at_s: number;
  readonly provenance: boolean;
  /** Names of the gates' artifacts. */
  readonly gates: readonly string[];
}

/** Second, and place within it. */
export type AskedKey = readonly [number, number];

export interface ShipmentIndex {
  /** Inside `Store.atomic`. Done twice, it changes nothing. */
  add(shipment: IndexedShipment): void;
  /** Inside `Store.atomic`. */
  refused(asked: Omit<AskedShipment, "provenance">): void;
  /** Up to `limit` of those made before `before` and from `from_s` on, newest first. */
  asked(from_s: number, before: AskedKey | null, limit: number): readonly { readonly key: AskedKey; readonly value: AskedShipment }[];
  /** Ids of releases that name a gate. */
  ofGate(name: string): readonly string[];
  /** Ids of releases of a file, newest first. */
  ofFile(sha256: string): readonly string[];
  count(): number;
}

export function openShipmentIndex(store: Store, asked_max = ASKED_MAX): ShipmentIndex {
  const asked = store.table<AskedKey, typeof AskedShipment>("shipments.asked", AskedShipment);
  const gates = store.table<readonly [string, string], typeof Named>("shipments.gates", Named);
  const files = store.table<readonly [string, number], typeof Named>("shipments.files", Named);

  function note(one: AskedShipment): void {
    const [last] = asked.entries({ reverse: true, start: [one.at_s, Number.MAX_SAFE_INTEGER], end: [one.at_s, -1], limit: 1 });
    asked.put([one.at_s, (last?.key[1] ?? -1) + 1], one);
    if (asked.count() <= asked_max) return;
    for (const { key } of [...asked.entries({ limit: 1 })]) asked.remove(key);
  }

  /** By its time: a log that begins anew after a restore gives out its numbers again, and those of an older one are the larger ones. */
  function placed(sha256: string, at_s: number, shipment_id: string): boolean {
    const start = at_s * SECOND_MAX;
    const taken = [...files.entries({ start: [sha256, start], end: [sha256, start + SECOND_MAX], limit: SECOND_MAX })];
    if (taken.some(({ value }) => value.shipment_id === shipment_id)) return false;
    files.put([sha256, start + Math.min(taken.length, SECOND_MAX - 1)], { shipment_id });
    return true;
  }

  return {
    add({ row, at_s, provenance, gates: names }) {
      const { shipment_id, repo_id, head, owner_uid, owner_tenant, artifact } = row;
      if (!placed(artifact.sha256, at_s, shipment_id)) return;
      for (const name of new Set(names)) gates.put([name, shipment_id], { shipment_id });
      note({ at_s, repo_id, head, owner_uid, ...(owner_tenant === undefined ? {} : { owner_tenant }), refused: null, provenance });
    },
    refused: (one) => note({ ...one, provenance: false }),
    asked: (from_s, before, limit) => [...asked.entries({ reverse: true, start: before ?? [Number.MAX_SAFE_INTEGER, 0], end: [from_s, -1], limit: limit + 1 })].filter(({ key }) => key.join() !== before?.join()).slice(0, limit),
    ofGate: (name) => [...gates.entries({ start: [name, ""], end: [name, LAST_TEXT], limit: READ_MAX })].map(({ value }) => value.shipment_id),
    ofFile: (sha256) => [...files.entries({ reverse: true, start: [sha256, Number.MAX_SAFE_INTEGER], end: [sha256, -1], limit: READ_MAX })].map(({ value }) => value.shipment_id),
    count: () => files.count(),
  };
}

const isSigstore = lazyCheck(SigstoreBundle);
const isShipment = lazyCheck(ShipmentStatement);

/** The statement of a release of our own store. Throws `store.corrupt`. */
export function shipmentStatement(shipment: Uint8Array): ShipmentStatement {
  const bundle: unknown = parseCanonical(shipment, BUNDLE_LIMITS);
  const statement: unknown = isSigstore().Check(bundle) ? parseCanonical(fromBase64(bundle.dsseEnvelope.payload) ?? new Uint8Array(), STATEMENT_LIMITS) : null;
  if (!isShipment().Check(statement)) throw new MaestroError("store.corrupt", "the statement of a release is not in the form it was written in");
  return statement;
}

/** What an index holds of a release. */
export const indexed = (row: ShipmentRow, { predicate: { at, steps, provenance } }: ShipmentStatement): IndexedShipment => ({ row, at_s: timestampSeconds(at) ?? 0, provenance: provenance !== null, gates: steps.map(({ gate_id, attempt }) => artifactName(gate_id, attempt)) });

/** Releases from before there was an index, or since a repair made the database anew; what cannot be read stays without. How many were added. */
export async function fillShipmentIndex(index: ShipmentIndex, store: Pick<Store, "atomic">, artifacts: Pick<Artifacts, "names" | "getArtifact" | "blobs">): Promise<number> {
  const names = artifacts.names().filter(isShipmentName);
  if (index.count() >= names.length) return 0;
  const found: IndexedShipment[] = [];
  for (const name of names) {
    try {
      const kept = await readShipment(artifacts, name);
      if (kept !== null) found.push(indexed(kept.row, shipmentStatement(kept.shipment)));
    } catch (error) {
      if (!(error instanceof MaestroError)) throw error;
    }
  }
  const before = index.count();
  store.atomic(() => {
    for (const one of found.toSorted((a, b) => a.row.log_index - b.row.log_index)) index.add(one);
  });
  return index.count() - before;
}

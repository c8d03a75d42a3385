/** The graph of one release: from the commits over each gate to the file, drawn from what was signed. Pure. */
import type { LineageNode, LineageReply } from "../../proto/lineage.ts";
import type { ShipmentPredicate } from "../../proto/predicates/shipping.ts";
import type { ShipmentRow } from "../../proto/shipping.ts";
import { Drawing, drawShipped, git } from "./core.ts";

type State = LineageNode["state"];

export interface ShipmentParts {
  readonly row: ShipmentRow;
  readonly predicate: ShipmentPredicate;
  readonly log_origin: string;
  readonly states: { readonly source: State; readonly provenance: State; readonly gate: (gate_id: string, attempt: number) => State };
}

export function drawRelease({ row, predicate, log_origin, states }: ShipmentParts): Pick<LineageReply, "nodes" | "edges"> {
  const { range, steps, provenance, sbom, at, target_ref } = predicate;
  const format = range.to.length === 64 ? "sha256" : "sha1";
  const drawing = new Drawing();
  const source = { stage: "source" as const, class: "source" as const, state: states.source };
  const commit = drawing.node({ ...source, kind: "commit", name: `newest of ${target_ref}`, digest: git(format, range.to) });
  const tree = drawing.node({ ...source, kind: "tree", name: "released content", digest: `sha256:${range.tree_sha256}` }, [commit]);
  const evidence = { stage: "evidence" as const, class: "evidence" as const };
  const gates = steps.map(({ gate_id, attempt, how, bundle_sha256, issued_at, record }) =>
    drawing.node({ ...evidence, kind: "gate", name: `${gate_id}, attempt ${attempt}, ${how.replace("_", "-")}`, digest: `sha256:${bundle_sha256}`, at: issued_at, state: record === "node" ? states.gate(gate_id, attempt) : "passing" }, [tree]));
  const built = provenance === null ? [] : [drawing.node({ ...evidence, kind: "provenance", name: provenance.build_id, digest: `sha256:${provenance.statement_sha256}`, state: states.provenance }, [commit])];
  const bill = sbom === null ? [] : [drawing.node({ ...evidence, kind: "sbom", name: `bill of materials of ${sbom.gate_id}`, digest: `sha256:${sbom.sha256}`, state: states.gate(sbom.gate_id, sbom.attempt) }, gates.slice(-1))];
  for (const index of [row.log_index, row.log_index + 1]) drawing.node({ stage: "evidence", kind: "log entry", name: `${log_origin} #${index}`, digest: null, at, class: "log", state: "kept" }, gates);
  drawShipped(drawing, { shipment_id: row.shipment_id, digest: row.shipment, at, state: "kept", artifact: row.artifact }, [...gates, ...built, ...bill]);
  return drawing.graph;
}

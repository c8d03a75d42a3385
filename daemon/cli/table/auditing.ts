/** What is handed to somebody else: an auditor, or whoever looks into a failure. */
import type { Command } from "../command.ts";
import { FORCE, ON_DEMAND } from "./work.ts";

export const AUDITING: readonly Command[] = [
  {
    name: "bundle",
    summary: "everything on record of a gate, or of a release of an artifact, as one file for an auditor, and as an OCI artifact; see docs/bundle.md",
    positionals: "GATE|SHIPMENT-ID|ARTIFACT",
    positionals_max: 1,
    options: {
      ...ON_DEMAND,
      out: { type: "string", value: "FILE", help: "where it is written (default: evidence-GATE-ATTEMPT.json, shipment-ID.json)" },
      ...FORCE,
      bundle: { type: "string", value: "FILE", multiple: true, help: "of a release: another node's evidence of a change in it, which this node does not keep; may be repeated" },
      oci: { type: "string", value: "DIR", help: "also as artifacts in this OCI image layout, new or with images in it" },
      subject: { type: "string", value: "DIGEST|FILE", help: "with --oci: the image they refer to, by its digest in the layout or a file with its manifest (default: a manifest made of the commit; of a release the image of its digest, or a manifest made of that)" },
    },
    load: () => import("../commands/bundle.ts"),
  },
  {
    name: "repro",
    summary: "what running a gate again elsewhere takes, as one file; with --run: run it again, and say whether it comes to the same. Exit 0 same, 1 different, 3 cannot be compared; see docs/repro.md",
    positionals: "GATE",
    positionals_max: 1,
    options: {
      ...ON_DEMAND,
      check: { type: "string", value: "NAME", help: "compare this check's outcome alone" },
      out: { type: "string", value: "FILE", help: "where the pack is written (default: repro-GATE.maestro)" },
      repository: { type: "string", value: "CLONE", help: "a clone that holds the change (default: .); with --run: where the pack lacks the sources" },
      report: { type: "string", value: "NAME=FILE", multiple: true, help: "a report that the job handed in with the gate; may be repeated" },
      run: { type: "string", value: "FILE", help: "run this pack again in a daemon of its own, which is gone afterwards" },
      commands: { type: "boolean", help: "with --run: commands that the pack declares may run, in the sandbox" },
      trust: { type: "string", value: "FILE", help: "with --run: also verify the recorded evidence under this trust file" },
    },
    load: () => import("../commands/repro.ts"),
  },
];

/** What is handed to somebody else: an auditor, or whoever looks into a failure. */
import type { Command } from "../command.ts";
import { ON_DEMAND } from "./work.ts";

export const AUDITING: readonly Command[] = [
  {
    name: "bundle",
    summary: "everything on record of a gate as one file for an auditor, and as an OCI artifact; see docs/bundle.md",
    positionals: "GATE",
    positionals_max: 1,
    options: {
      ...ON_DEMAND,
      out: { type: "string", value: "FILE", help: "where it is written (default: evidence-GATE-ATTEMPT.json)" },
      oci: { type: "string", value: "DIR", help: "also as artifacts in this OCI image layout, new or with images in it" },
      subject: { type: "string", value: "DIGEST|FILE", help: "with --oci: the image they refer to, by its digest in the layout or a file with its manifest (default: a manifest made of the commit)" },
    },
    load: () => import("../commands/bundle.ts"),
  },
];

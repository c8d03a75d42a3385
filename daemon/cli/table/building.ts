/** Builds that the daemon runs, and what they and changes consist of. */
import type { Command } from "../command.ts";
import { FORCE, ON_DEMAND } from "./work.ts";

export const BUILDING: readonly Command[] = [
  {
    name: "build",
    summary: "run a build that maestro.yaml or the host declares, in the sandbox, and leave SLSA provenance beside what it makes. Exit 0 built, 1 failed; see docs/build.md",
    positionals: "NAME|BUILD-ID",
    positionals_max: 1,
    options: {
      ...ON_DEMAND,
      rev: { type: "string", value: "REV", help: "commit to build (default: HEAD)" },
      target: { type: "string", value: "REF", help: "branch whose maestro.yaml declares the build (default: the repository's own)" },
      out: { type: "string", value: "DIR", help: "folder for the outputs and NAME.provenance.sigstore.json (default: NAME)" },
      repeat: { type: "boolean", help: "run it twice and say which outputs differ" },
      repository: { type: "string", value: "ID", help: "row of the host's table, as for gate" },
      fork: { type: "boolean", help: "the commit comes from strangers" },
      local: { type: "boolean", help: "take this clone's word for the target; only where the host allows mode local" },
    },
    load: () => import("../commands/build.ts"),
  },
  {
    name: "sbom",
    summary: "what a commit's lock files pin, or what a gate recorded of them, as CycloneDX 1.6 JSON; see docs/sbom.md",
    positionals: "[REV]",
    positionals_max: 1,
    options: {
      ...ON_DEMAND,
      gate: { type: "string", value: "ID", help: "the document a gate recorded, checked against its signed leaf" },
      out: { type: "string", value: "FILE", help: "write it here (default: standard output)" },
      ...FORCE,
      repository: { type: "string", value: "ID", help: "row of the host's table, as for gate" },
      local: { type: "boolean", help: "take this clone's word; only where the host allows mode local" },
    },
    load: () => import("../commands/sbom.ts"),
  },
];

/** From an admitted range to an artifact that may be deployed. */
import type { Command } from "../command.ts";
import { ON_DEMAND, STATE } from "./work.ts";

export const SHIPPING: readonly Command[] = [
  {
    name: "release",
    summary: "sign which admitted changes are in an artifact, and leave the evidence beside it. Exit 0 released, 1 a commit lacks an admit; see docs/shipping.md",
    positionals: "ARTIFACT|SHIPMENT-ID",
    positionals_max: 1,
    options: {
      ...ON_DEMAND,
      changes: { type: "string", value: "A..B", help: "the commits after A up to B; ..B takes everything up to B" },
      repo: { type: "string", value: "DIR", help: "clone that holds them (default: this folder's)" },
      target: { type: "string", value: "REF", help: "branch they were admitted for (default: the repository's own)" },
      purl: { type: "string", value: "PURL", help: "package URL of the release, with a version (default: pkg:generic/ARTIFACT@B)" },
      bundle: { type: "string", value: "FILE", multiple: true, help: "another node's evidence of a change in the range; may be repeated" },
      out: { type: "string", value: "DIR", help: "folder for the evidence (default: beside the artifact)" },
      repository: { type: "string", value: "ID", help: "row of the host's table, as for gate" },
      fork: { type: "boolean", help: "the changes came from strangers" },
      local: { type: "boolean", help: "take this clone's word for the branch; only where the host allows mode local" },
    },
    load: () => import("../commands/release.ts"),
  },
  {
    name: "verify-deploy",
    summary: "may this artifact be deployed under a policy? Offline, from the evidence beside it. Exit 0 pass, 1 refuse, 3 unknown signer",
    positionals: "ARTIFACT",
    positionals_max: 1,
    options: {
      policy: { type: "string", value: "FILE", help: "deploy policy, JSON; an unknown key is refused" },
      trust: { type: "string", value: "FILE", help: "the operator's trust file" },
      release: { type: "string", value: "FILE", help: "the signed release (default: ARTIFACT.shipment.sigstore.json)" },
      provenance: { type: "string", value: "FILE", help: "the build's provenance (default: ARTIFACT.provenance.sigstore.json)" },
      bundle: { type: "string", value: "PATH", multiple: true, help: "evidence of a gate, or a folder of it, beside ARTIFACT.evidence; may be repeated" },
    },
    load: () => import("../commands/verify-deploy.ts"),
  },
  {
    name: "reassess",
    summary: "what of the evidence on this node, or in a folder, would no longer ship under a policy. Exit 0 all of it would, 1 some would not",
    positionals: "[FOLDER]",
    positionals_max: 1,
    options: {
      ...STATE,
      policy: { type: "string", value: "FILE", help: "deploy policy, JSON" },
      trust: { type: "string", value: "FILE", help: "the operator's trust file" },
    },
    load: () => import("../commands/reassess.ts"),
  },
];

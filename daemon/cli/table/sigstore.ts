/** What speaks of other people's Sigstore. */
import type { Command } from "../command.ts";

export const SIGSTORE: readonly Command[] = [
  {
    name: "verify-bundle",
    summary: "check anybody's Sigstore bundle offline: by a key, or by the identity in its certificate. Exit 0 or 1; see docs/verify-bundle.md",
    positionals: "FILE|sha256:DIGEST",
    positionals_max: 1,
    options: {
      bundle: { type: "string", value: "FILE", help: "the bundle, as *.sigstore.json" },
      key: { type: "string", value: "FILE", help: "PEM of the public key that must have signed" },
      "certificate-identity": { type: "string", value: "NAME", help: "whose certificate it must be: the whole name, no pattern" },
      "certificate-oidc-issuer": { type: "string", value: "URL", help: "who must have vouched for that name" },
      "trusted-root": { type: "string", value: "FILE", help: "trusted_root.json with the authorities and logs you believe; nothing is fetched" },
      "predicate-type": { type: "string", value: "URI", help: "what the statement must be" },
    },
    load: () => import("../commands/verify-bundle.ts"),
  },
];

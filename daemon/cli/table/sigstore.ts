/** What speaks of other people's Sigstore. */
import type { Command } from "../command.ts";
import { FORCE, STATE } from "./work.ts";

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
  {
    name: "verifier-page",
    summary: "write the verifier as one page: opens from disk without a network, and says what verify says. See docs/verifier-page.md",
    positionals: "",
    positionals_max: 0,
    options: { out: { type: "string", value: "FILE", help: "where it is written; required" }, ...FORCE },
    load: () => import("../commands/verifier-page.ts"),
  },
  {
    name: "keyless",
    summary: "sign a gate's statement once more with a certificate of minutes, where the operator configured it; see docs/keyless.md",
    positionals: "GATE",
    positionals_max: 1,
    options: {
      ...STATE,
      out: { type: "string", value: "FILE", help: "where the Sigstore bundle goes (default: beside the evidence, as *.keyless.sigstore.json)" },
      ...FORCE,
      "trusted-root": { type: "string", value: "FILE", help: "verify it with this trusted_root.json first; what does not verify is not written" },
    },
    load: () => import("../commands/keyless.ts"),
  },
];

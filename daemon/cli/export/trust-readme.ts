import { verifierId, VSA_PREDICATE } from "../../../proto/predicates/derived.ts";
import type { Trust } from "../../verifier/trust.ts";
import { ARTIFACT_FILE } from "./artifact.ts";
import type { TrustFiles } from "./trust-files.ts";

/** How each tool is called for this very node. Kept in step with what `npm run accept` runs. */
export function trustReadme({ trust_domain, self_made, entries, witnesses }: Trust, { gates, logs }: TrustFiles): string {
  const modes = [...new Set(entries.filter(({ entry }) => entry.role === "gate").flatMap(({ entry }) => entry.modes))];
  const pem = gates[0]?.file ?? "gate-….pem";
  const vkey = logs[0]?.file ?? "log-….vkey";
  return `What checks the evidence of ${trust_domain}, offline and without Maestro.
${self_made ? "\nA node wrote this trust file for itself: it proves that nothing was changed, and nothing of who runs the node.\n" : ""}
Compare trust.json with the operator's own copy before you believe anything: whoever hands you evidence could hand you keys, too.

  trust.json           signed by the operator's root; maestro verify --trust and the verifier page take it
  trusted_root.json    the log keys, for cosign and Sigstore's libraries
${gates.map(({ file, fingerprint }) => `  ${file}   gate key ${fingerprint}`).join("\n")}
${logs.map(({ file, origin }) => `  ${file}   log ${origin}`).join("\n")}
  tlog-policy          log and witness keys, as C2SP's tlog-policy says${witnesses.quorum === null ? "; no witness is asked for" : ""}
  verifier.html        the verifier as a page: open it in a browser, without a network, and give it the bundle and trust.json

Take a bundle apart, and write the file whose digest its statements name:

  maestro verify BUNDLE --trust trust.json --extract evidence --artifact CLONE

cosign 3 (always name the type, and the trusted root: without it cosign asks the network):

  cosign verify-blob-attestation --key ${pem} --trusted-root trusted_root.json \\
    --bundle evidence/vsa.sigstore.json --type ${VSA_PREDICATE} evidence/${ARTIFACT_FILE}

The same for obligations, svr and test-result-*, each with its own type; without the file, by --digest HEX --digestAlg sha256.

slsa-verifier 2.7 takes the summary as a plain envelope. Verifier ids of this node:
${modes.map((mode) => `  ${verifierId(trust_domain, mode)}`).join("\n")}

  slsa-verifier verify-vsa --attestation-path evidence/vsa.dsse.json --public-key-path ${pem} \\
    --subject-digest sha256:HEX --verifier-id ID --resource-uri urn:maestro:repository:NAME --verified-level MAESTRO_GATE_MODE

The log (a copy of its folder), with Tessera's fsck 1.0.4; only its line "Successfully fsck'd" counts:

  timeout 600 fsck --storage_url=file:///LOG/ --public_key=${vkey} --ui=false -N 16

A receipt alone (evidence/*.tlog-proof over evidence/*.entry) is in C2SP's tlog-proof form. What none of these tools can see is in docs/attestations.md.
`;
}

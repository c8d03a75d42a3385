/** What a stranger reads first who opens the file. Signed by nobody, and it says so. */
export const readme = (gate_id: string, attempt: number): string => `Evidence of one change that a Maestro gate judged: attempt ${attempt} of ${gate_id}.

Check it, offline, with the trust file that the node's operator published. A trust file from whoever gave you this proves nothing; trust_sha256 is only to compare.

  maestro verify THIS-FILE --trust trust.json
  maestro verify THIS-FILE --trust trust.json --leaf check/secrets      one fact, from the log entry down to its leaf
  maestro verify THIS-FILE --trust trust.json --extract DIR             every part as a file of its own, for cosign, slsa-verifier and Go's tlog

Or open verifier.html (maestro verifier-page --out verifier.html) in a browser without a network, and give it both files.

gate        the signed statement, its manifest of facts, its card, the receipts of the log
earlier     earlier attempts of the same gate
releases    what people released, each signed and logged by itself
provenance  builds of this commit
drafts      who wrote which drafts about it later; they decide nothing
files       what signed digests name: configuration, policy, bill of materials
left_out    what the node did not have

readme and left_out are signed by nobody. Verified means: these keys said this, in this order, in this log. It does not mean that what was measured is true.
`;

export const shipmentReadme = (shipment_id: string, { name, sha256 }: { readonly name: string; readonly sha256: string }): string => `A release that a Maestro node signed: ${shipment_id}, of ${name}, sha256 ${sha256}.

Check it, offline, with the trust file that the node's operator published. A trust file from whoever gave you this proves nothing; trust_sha256 is only to compare.

  maestro verify THIS-FILE --trust trust.json --artifact ${name}
  maestro verify THIS-FILE --trust trust.json --extract DIR             every part as a file of its own, for cosign and other tools
  maestro verify-deploy ${name} --policy P --trust trust.json           beside what --extract wrote

shipment         the signed release: which commits, and which admitted changes they came in
package_release  the same for tools that know in-toto's release predicate alone
gates            the evidence of every change, and what people released to get it admitted
provenance, sbom where the release names them
left_out         what the node did not have

readme and left_out are signed by nobody. Verified means: these keys said this, in this order, in this log, and every change that the release names is here. It does not mean that the file was made of those commits, unless provenance says so.
`;

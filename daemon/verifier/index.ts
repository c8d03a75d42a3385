/** Checks evidence against a trust file. Pure, so that daemon, command line and page run the same code. */
export { verifyBundle, verifyWithTrust, type VerifyOptions } from "./bundle.ts";
export { parseCosignerKey, type CosignerKey } from "./cosignature.ts";
export { quorumProblem } from "./witnesses.ts";
export { openTrust, type Trust } from "./trust.ts";
export { hideLeaves } from "./hide.ts";
export { isReleaseBundle, verifyRelease, type ReleaseVerification } from "./release.ts";
export { verifyTlogProof, type TlogProofVerdict } from "./tlog-proof.ts";
export { verifyDraft, type DraftVerification } from "./draft.ts";
export { verifyMarket, type MarketVerification } from "./market.ts";
export { verifyPackageRelease, verifyShipment, type ShipmentVerification, type VerifiedShipment } from "./shipment.ts";
export { verifyProvenance, type ProvenanceVerification, type VerifiedProvenance } from "./provenance.ts";

/** Software bills of materials: CycloneDX 1.6 of what the lock files of a tree pin (ECMA-424). */
import { Type, type Static } from "@sinclair/typebox";
import { IntakeId } from "./api.ts";
import { Base64, Choice, Closed, Count, GitOid, Sha256Hex, ShortText } from "./scalar.ts";

/** As a gate keeps it: 16 random bytes, then the document. Two gates of one tree have the same document and not the same blob, so that the end of one takes nothing of the other. */
export const KEPT_SBOM_MEDIA_TYPE = "application/vnd.maestro.gate-sbom.v1";
export const KEPT_NONCE_BYTES = 16;
/** The leaf `document/sbom.cdx.json` of a gate holds its SHA-256; the document itself is kept beside the bundle. */
export const SBOM_DOCUMENT = "sbom.cdx.json";

export const Ecosystem = Choice(["npm", "cargo", "go", "python"]);
export type Ecosystem = Static<typeof Ecosystem>;

/** Source of a package whose lock names none: whatever registry the package manager is set to. */
export const DEFAULT_SOURCE = "the default registry";

/** Of a commit that an intake brought; nothing is recorded. */
export const SbomRequest = Closed({ intake_id: IntakeId, commit: GitOid });
export type SbomRequest = Static<typeof SbomRequest>;

export const SbomReply = Closed({
  document: Type.Union([Base64, Type.Null()], { description: "null where the tree has no lock file that is read" }),
  sha256: Type.Union([Sha256Hex, Type.Null()]),
  packages: Count,
  gaps: Type.Array(ShortText, { maxItems: 256, description: "what of the lock files is not in it; it says so itself, too" }),
});
export type SbomReply = Static<typeof SbomReply>;

export const GateSbomReply = Closed({ gate_id: Type.String(), attempt: Type.Integer({ minimum: 1 }), document: Base64 });
export type GateSbomReply = Static<typeof GateSbomReply>;

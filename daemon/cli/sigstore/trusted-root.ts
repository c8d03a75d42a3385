/** A `trusted_root.json` (sigstore_trustroot.proto): who is believed. It comes from outside of the bundle, and from no network. */
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { ForeignTrustedRoot } from "../../../proto/foreign-bundle.ts";
import { readForeign } from "../../verifier/schema.ts";
import { Refusal } from "./refusal.ts";

/** The one of the public instance has 7 KB. */
export const TRUSTED_ROOT_LIMITS = { bytes_max: 4 * 1024 * 1024, depth_max: 16 } as const;

const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.[12]\+json)$/;

/**
 * A key or certificate without the start of its window is refused: the library
 * takes it for one that always counted, which whoever wrote the file may not
 * have meant (sigstore-conformance, trust-root-tlog-missing-validity-start).
 */
function withoutStart(root: TrustedRoot): string | null {
  const windows = [
    ...root.tlogs.map(({ publicKey }, i) => [`tlogs/${i}/publicKey`, publicKey?.validFor] as const),
    ...root.ctlogs.map(({ publicKey }, i) => [`ctlogs/${i}/publicKey`, publicKey?.validFor] as const),
    ...root.certificateAuthorities.map(({ validFor }, i) => [`certificateAuthorities/${i}`, validFor] as const),
    ...root.timestampAuthorities.map(({ validFor }, i) => [`timestampAuthorities/${i}`, validFor] as const),
  ];
  return windows.find(([, window]) => window?.start === undefined)?.[0] ?? null;
}

export function openTrustedRoot(bytes: Uint8Array): TrustedRoot {
  const document = readForeign(ForeignTrustedRoot, bytes, TRUSTED_ROOT_LIMITS);
  if ("because" in document) throw new Refusal("trust.malformed", `trusted root: ${document.because}`);
  if (!MEDIA_TYPE.test(document.value.mediaType)) throw new Refusal("trust.malformed", "the file is no Sigstore trusted root");
  const root = TrustedRoot.fromJSON(document.value);
  const endless = withoutStart(root);
  if (endless !== null) throw new Refusal("trust.malformed", `${endless} does not say from when on it counts (validFor.start)`);
  return root;
}

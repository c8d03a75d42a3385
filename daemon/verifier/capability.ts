/** Capability tokens: what is signed, how one is written, and what makes one believed. */
import { CAPABILITY_LIFE_S_MAX, CapabilityBody } from "../../proto/capability.ts";
import { CAPABILITY_PREFIX, TOKEN_CHARACTERS_MAX } from "../../proto/token.ts";
import { concatBytes, utf8 } from "../../proto/encoding.ts";
import { recordBytes } from "../../proto/record.ts";
import { Closed } from "../../proto/scalar.ts";
import { Type } from "@sinclair/typebox";
import { readDocument } from "./schema.ts";
import { verifySignature } from "./signature.ts";
import { timestampSeconds } from "./time.ts";
import { entriesOf, type Trust } from "./trust.ts";

const CapabilityRecord = Closed({ type: Type.Literal("capability"), v: Type.Literal(1), body: CapabilityBody });
const LIMITS = { bytes_max: TOKEN_CHARACTERS_MAX, depth_max: 6 } as const;
const URL_ALPHABET = { alphabet: "base64url", omitPadding: true } as const;

/** What the key signs. The prefix keeps it apart from everything else that key might ever sign. */
export function capabilitySignedBytes(body: CapabilityBody): Uint8Array {
  return concatBytes(utf8("maestro/v1/capability\0"), recordBytes("capability", 1, body));
}

export function capabilityText(body: CapabilityBody, signature: Uint8Array): string {
  return `${CAPABILITY_PREFIX}${recordBytes("capability", 1, body).toBase64(URL_ALPHABET)}.${signature.toBase64(URL_ALPHABET)}`;
}

export interface Capability {
  readonly body: CapabilityBody;
  readonly issued_s: number;
  readonly expires_s: number;
}

export type Opened<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly because: string };

const no = (because: string): { readonly ok: false; readonly because: string } => ({ ok: false, because });

/** Strict: one text for the same bytes, else `null`. */
function fromBase64Url(text: string): Uint8Array | null {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return null;
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    return bytes.toBase64(URL_ALPHABET) === text ? bytes : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** What a token says, believed by nobody yet. */
export function readCapability(text: string): Opened<Capability & { readonly signature: Uint8Array }> {
  if (text.length > TOKEN_CHARACTERS_MAX) return no(`longer than ${TOKEN_CHARACTERS_MAX} characters`);
  const [body64, signature64, ...more] = text.startsWith(CAPABILITY_PREFIX) ? text.slice(CAPABILITY_PREFIX.length).split(".") : [];
  const bytes = body64 === undefined ? null : fromBase64Url(body64);
  const signature = signature64 === undefined ? null : fromBase64Url(signature64);
  if (bytes === null || signature === null || more.length > 0) return no("not a capability token");
  const document = readDocument(CapabilityRecord, bytes, LIMITS);
  if ("because" in document) return no(document.because);
  const { body } = document.value;
  const issued_s = timestampSeconds(body.issued_at);
  const expires_s = timestampSeconds(body.expires_at);
  if (issued_s === null || expires_s === null || issued_s >= expires_s) return no("its time of validity is empty");
  if (expires_s - issued_s > CAPABILITY_LIFE_S_MAX) return no(`it would live longer than ${CAPABILITY_LIFE_S_MAX} s`);
  return { ok: true, value: { body, issued_s, expires_s, signature } };
}

/** Reads a token and finds the key that signed it, valid when it was issued. Whether it is still valid is `isCurrent`. */
export function openCapability(text: string, trust: Trust, trust_domain: string): Opened<Capability> {
  const read = readCapability(text);
  if (!read.ok) return read;
  const { body, issued_s, expires_s, signature } = read.value;
  const lines = entriesOf(trust, body.key).filter(({ entry }) => entry.role === "capability" && entry.algorithm === "ed25519");
  const [line] = lines;
  if (line === undefined) return no("the trust file names no capability key of that fingerprint");
  if (!verifySignature(line.key, capabilitySignedBytes(body), signature)) return no("the signature is not its key's");
  if (body.trust_domain !== trust_domain) return no(`it is for ${body.trust_domain}, not for ${trust_domain}`);
  const covering = lines.filter(({ entry }) => body.repositories.every((id) => entry.repository_ids.includes("*") || entry.repository_ids.includes(id)));
  if (covering.length === 0) return no("its key may not speak for these repositories");
  if (!covering.some(({ from_s, to_s }) => issued_s >= from_s && expires_s <= to_s)) return no("its key is not valid for all of the token's time");
  return { ok: true, value: { body, issued_s, expires_s } };
}

/** How far ahead of this clock the issuer's may be. */
const SKEW_S_MAX = 60;

/** `null`, or why the token counts for nothing at `now_s`. */
export function notCurrent({ issued_s, expires_s, body }: Capability, now_s: number): string | null {
  if (now_s >= expires_s) return `it expired at ${body.expires_at}`;
  return now_s + SKEW_S_MAX < issued_s ? `it is valid from ${body.issued_at} only` : null;
}

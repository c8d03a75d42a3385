/** What hides a number: from the node's secret and everything the number is bound to, and never from the number alone. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { Type, type Static } from "@sinclair/typebox";
import { canonicalBytes, parseCanonical } from "../../../proto/canonical.ts";
import { concatBytes, fromBase64, toBase64, toHex, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { Commitment } from "../../../proto/range.ts";
import { Closed, Decimal } from "../../../proto/scalar.ts";
import { Value } from "@sinclair/typebox/value";
import type { Opening } from "../../verifier/range/opening.ts";
import { fromBytesLe, mod, toBytesLe } from "../../verifier/range/scalars.ts";

/** What a blinding is for. Two that differ anywhere here have nothing to do with each other. */
export interface BlindingOf {
  readonly gate_id: string;
  readonly attempt: number;
  readonly name: string;
  readonly value: bigint;
}

function mac(secret: Uint8Array, hash: "sha256" | "sha512", purpose: string, value: Parameters<typeof canonicalBytes>[0]): Uint8Array {
  return new Uint8Array(createHmac(hash, secret).update(concatBytes(utf8(`maestro/v1/${purpose}\0`), canonicalBytes(value))).digest());
}

/** 512 bits reduced, so that none is likelier than another. */
export function blindingOf(secret: Uint8Array, { value, ...of }: BlindingOf): bigint {
  return mod(fromBytesLe(mac(secret, "sha512", "blinding", { ...of, value: value.toString() })));
}

/** For a digest that would be guessed if it were plain. */
export const keyedDigest = (secret: Uint8Array, purpose: string, value: string): string => toHex(mac(secret, "sha256", `keyed/${purpose}`, value));

/** Named as the obligation is. */
const Openings = Type.Record(Type.String(), Closed({ value: Decimal, blinding: Commitment }));
const LIMITS = { bytes_max: 64 * 1024, depth_max: 4 } as const;

const CLOSING = 0x7d;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface SealedFor {
  readonly gate_id: string;
  readonly attempt: number;
}

const associated = ({ gate_id, attempt }: SealedFor): Uint8Array => canonicalBytes({ gate_id, attempt });
const sealingKey = (secret: Uint8Array, of: SealedFor): Uint8Array => mac(secret, "sha256", "openings", { gate_id: of.gate_id, attempt: of.attempt });

/** Digits and sign of the longest number there is: how long a record is must not say how long its numbers are. */
const VALUE_CHARS_MAX = 39;

function padded(openings: ReadonlyMap<string, Opening>): Uint8Array {
  const spare = [...openings.values()].reduce((sum, { value }) => sum + VALUE_CHARS_MAX - value.toString().length, 0);
  const plain = canonicalBytes(Object.fromEntries([...openings].map(([name, { value, blinding }]) => [name, { value: value.toString(), blinding: toBase64(toBytesLe(blinding)) }])));
  return concatBytes(plain, utf8(" ".repeat(Math.max(0, spare))));
}

/** The numbers of one gate under a key of that gate's own (AES-256-GCM): a copy of the store without the keys does not hold them. */
export function sealOpenings(secret: Uint8Array, of: SealedFor, openings: ReadonlyMap<string, Opening>): string {
  const plain = padded(openings);
  const nonce = new Uint8Array(randomBytes(NONCE_BYTES));
  const cipher = createCipheriv("aes-256-gcm", sealingKey(secret, of), nonce).setAAD(associated(of));
  return toBase64(concatBytes(nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()));
}

/** Throws `store.corrupt` where they are not what was sealed for this gate by this node. */
export function unsealOpenings(secret: Uint8Array, of: SealedFor, sealed: string): Static<typeof Openings> {
  const bytes = fromBase64(sealed) ?? new Uint8Array(0);
  try {
    const decipher = createDecipheriv("aes-256-gcm", sealingKey(secret, of), bytes.subarray(0, NONCE_BYTES)).setAAD(associated(of));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const opened = concatBytes(decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final());
    const plain = parseCanonical(opened.subarray(0, opened.lastIndexOf(CLOSING) + 1), LIMITS);
    if (Value.Check(Openings, plain)) return plain;
  } catch (error) {
    throw new MaestroError("store.corrupt", `the sealed numbers of ${of.gate_id} cannot be opened with this node's keys`, { cause: error });
  }
  throw new MaestroError("store.corrupt", `the sealed numbers of ${of.gate_id} have another form`);
}

/** Ed25519 by the runtime's own library. */
import { createPublicKey, verify } from "node:crypto";
import type { Ed25519Builtin } from "../verifier/signature.ts";

export const nativeEd25519: Ed25519Builtin = (key, message, signature) => verify(null, message, createPublicKey({ key: Buffer.from(key.spki), format: "der", type: "spki" }), signature);

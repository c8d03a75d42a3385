/** ECDSA P-256 with SHA-256 by the runtime's own library. */
import { createPublicKey, verify } from "node:crypto";
import type { P256Builtin } from "../verifier/signature.ts";

export const nativeP256: P256Builtin = (key, message, signature) => verify("sha256", message, createPublicKey({ key: Buffer.from(key.spki), format: "der", type: "spki" }), signature);

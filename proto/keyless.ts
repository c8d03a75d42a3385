/** Signing evidence once more with a certificate of minutes instead of a kept key: where the operator lets it be done, and what the egress helper is asked. */
import { Type, type Static } from "@sinclair/typebox";
import { GateId } from "./change.ts";
import { Base64, Closed, Count } from "./scalar.ts";

const Service = (description: string) => Type.String({ pattern: "^https?://[A-Za-z0-9.:\\[\\]_-]{1,253}(?:/[A-Za-z0-9._~/-]{0,200})?$", description: `${description}; https, or http on this machine` });

/** In the host configuration alone. Nothing in a repository can say it, and no caller. */
export const KeylessSetting = Closed({
  fulcio: Service("gives a certificate of minutes to whoever shows a token"),
  rekor: Service("public log that the signature goes into"),
  rekor_version: Type.Optional(Type.Union([Type.Literal(1), Type.Literal(2)], { description: "version of its interface; default 2" })),
  tsa: Type.Optional(Service("RFC 3161 authority that says when it was signed; needed with version 2, whose entries hold no time")),
  oidc_token_file: Type.String({ pattern: "^(?:/[A-Za-z0-9._/@+-]{1,1000}|credential:[A-Za-z0-9._-]{1,64})$", description: "one line: the token, kept fresh by whoever issues it; private to the helper's user, or credential:NAME" }),
  audience: Type.Optional(Type.String({ minLength: 1, maxLength: 253, description: "whom the token must be for; default sigstore" })),
  identity: Type.String({ minLength: 1, maxLength: 1_000, description: "name that the certificate must have" }),
  issuer: Type.String({ minLength: 1, maxLength: 1_000, description: "who must have issued the token" }),
});
export type KeylessSetting = Static<typeof KeylessSetting>;

/** It names no address and no token: both are the helper's own configuration's to say. */
export const KeylessJob = Closed({ kind: Type.Literal("keyless"), payload: Base64, deadline_ms: Count }, { description: "signs an in-toto statement of this node's and logs it" });
export type KeylessJob = Static<typeof KeylessJob>;
export const KeylessReply = Closed({ kind: Type.Literal("keyless"), bundle: Type.String({ description: "Sigstore bundle v0.3" }) });

/** Answer of the socket. */
export const KeylessSigned = Closed({
  gate_id: GateId,
  attempt: Type.Integer({ minimum: 1 }),
  bundle: Base64,
  identity: Type.String(),
  issuer: Type.String(),
});
export type KeylessSigned = Static<typeof KeylessSigned>;

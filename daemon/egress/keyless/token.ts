/** The OIDC token of this node, looked at before anybody is shown it. Whether it is genuine is for the certificate authority to say. */
import { open } from "node:fs/promises";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { fromUtf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { StrictReader, type Numbers } from "../../../proto/strict-reader.ts";
import { checkPrivate } from "../remote-git.ts";

const TOKEN_BYTES_MAX = 16 * 1024;
const CLAIMS_DEPTH_MAX = 8;
/** A token about to end would be refused on the way. */
const LEFT_S_MIN = 5;
const NUMBERS: Numbers<number> = { pattern: "any", read: Number };

/** RFC 7519 section 4.1; email as OpenID Connect Core 5.1 has it. */
const Claims = Type.Object({
  iss: Type.String(),
  sub: Type.String(),
  aud: Type.Union([Type.String(), Type.Array(Type.String())]),
  exp: Type.Number(),
  email: Type.Optional(Type.String()),
});

export interface Token {
  readonly jwt: string;
  /** What proof of possession is over (Fulcio, `publicKeyRequest.proofOfPossession`). */
  readonly subject: string;
}

export interface TokenRule {
  readonly audience: string;
  readonly issuer: string;
  readonly now_s: number;
}

const denied = (detail: string): MaestroError => new MaestroError("egress.denied", `the OIDC token ${detail}`);

/** Throws `egress.denied`: nothing has left the machine by then. */
function readToken(jwt: string, { audience, issuer, now_s }: TokenRule): Token {
  const [, payload] = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/.exec(jwt) ?? [];
  const text = payload === undefined ? null : fromUtf8(Buffer.from(payload, "base64url"));
  if (text === null) throw denied("is no JWT of one line");
  const claims = claimsOf(text);
  if (!Value.Check(Claims, claims)) throw denied("lacks iss, sub, aud or exp");
  const { iss, sub, aud, exp, email } = claims;
  if (exp < now_s + LEFT_S_MIN) throw denied(`${endedAt(exp)}; whoever issues it must keep its file fresh`);
  if (!(typeof aud === "string" ? [aud] : aud).includes(audience)) throw denied(`is for ${String(aud)}, not for ${audience}`);
  if (iss !== issuer) throw denied(`was issued by ${iss}, not by ${issuer}`);
  return { jwt, subject: email ?? sub };
}

/** Seconds that no calendar has are words too. */
function endedAt(exp: number): string {
  const date = new Date(exp * 1000);
  return Number.isNaN(date.getTime()) ? "ended before there was time" : `ended at ${date.toISOString()}`;
}

/** Shorter runs stand in any two texts. */
const ECHO_CHARS_MIN = 16;

/** A service that refuses a token may repeat it; what it says goes to callers and logs, and the token must not. */
export function withoutToken(text: string, jwt: string): string {
  let kept = "";
  for (let at = 0; at < text.length; ) {
    let end = at + ECHO_CHARS_MIN;
    if (end > text.length || !jwt.includes(text.slice(at, end))) {
      kept += text[at];
      at += 1;
      continue;
    }
    while (end < text.length && jwt.includes(text.slice(at, end + 1))) end += 1;
    kept += "[token]";
    at = end;
  }
  return kept;
}

function claimsOf(text: string): unknown {
  try {
    return new StrictReader(text, CLAIMS_DEPTH_MAX, NUMBERS).document();
  } catch (error) {
    if (error instanceof MaestroError) throw denied(`holds no claims: ${error.detail}`);
    throw error;
  }
}

/** Throws `egress.denied`. */
export async function readTokenFile(path: string, rule: TokenRule): Promise<Token> {
  await checkPrivate(path, "oidc_token_file");
  await using file = await open(path, "r");
  const buffer = new Uint8Array(TOKEN_BYTES_MAX + 1);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  if (bytesRead > TOKEN_BYTES_MAX) throw denied(`has more than ${TOKEN_BYTES_MAX} bytes`);
  return readToken(Buffer.from(buffer.subarray(0, bytesRead)).toString("latin1").trim(), rule);
}

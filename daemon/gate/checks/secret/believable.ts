/**
 * Tells a credential from its shape's innocent look-alikes. The patterns say
 * "this is written like a token"; what is here says whether it can be one:
 * checksum where the issuer publishes it, entropy, and no word that only an
 * example carries.
 */
import { entropyBits } from "../../../checking/redact.ts";

export interface Candidate {
  /** Who issues such a value: `github`, `aws`, `basicauth`. */
  readonly provider: string;
  readonly value: string;
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECKSUM_CHARACTERS = 6;
/** Prefix, 30 random characters, 6 of checksum (github.blog 2021-04-05 and, for npm, 2021-09-23). */
const CHECKSUMMED = /^(?:gh[pousr]|npm)_([A-Za-z0-9_]{36})$/;
const PLACEHOLDER = /example|fake|dummy|placeholder|sample|redacted|changeme|change-me|change_me|xxxx|your[-_]?|insert|replace|notreal|not[-_]a[-_]?real|secretkey|supersecret|\*\*\*|\.\.\.|\bfoo|\bbar\b|deadbeef/i;
const ENTROPY_BITS_MIN = 3;
const DISTINCT_MIN = 10;
/** Share of neighbours that are equal or one apart in the alphabet: high in 1234567890abcdef, about 0.05 in random text. */
const RUN_SHARE_MAX = 0.4;
const PASSWORD_CHARACTERS_MIN = 10;
const PASSWORD_WORD = /pass|secret|test|admin|root|user|demo|token|qwerty|12345/i;
/** Services of a compose file, loopback and documentation addresses: nobody's real database. */
const LOCAL_HOST = /^(?:[^.]*|localhost.*|127\..*|0\.0\.0\.0.*|10\..*|192\.168\..*|host\.docker\.internal.*|.*\.(?:local|localhost|internal|test|invalid|example)(?::\d+)?|(?:.*\.)?example\.(?:com|org|net|io|dev)(?::\d+)?)$/i;
const CREDENTIAL_URL = /:\/\/([^:/\s@]{0,256}):([^@/\s]{1,256})@([^/\s?#]{1,256})/;

/** CRC-32 of the random part, in base 62, left-padded with zeros. */
export function tokenChecksum(random: string): string {
  let rest = Bun.hash.crc32(random);
  let out = "";
  while (rest > 0) {
    out = (BASE62[rest % 62] ?? "") + out;
    rest = Math.floor(rest / 62);
  }
  return out.padStart(CHECKSUM_CHARACTERS, "0");
}

function runShare(text: string): number {
  let near = 0;
  for (let i = 1; i < text.length; i += 1) if (Math.abs(text.charCodeAt(i) - text.charCodeAt(i - 1)) <= 1) near += 1;
  return text.length < 2 ? 1 : near / (text.length - 1);
}

/** Whether text could come out of a random generator. */
export function looksRandom(text: string): boolean {
  return entropyBits(text) >= ENTROPY_BITS_MIN && new Set(text).size >= DISTINCT_MIN && runShare(text) <= RUN_SHARE_MAX;
}

function believablePassword(url: string): boolean {
  const parts = CREDENTIAL_URL.exec(url);
  if (parts === null) return false;
  const [, , password = "", host = ""] = parts;
  return password.length >= PASSWORD_CHARACTERS_MIN && /[0-9]/.test(password) && /[A-Za-z]/.test(password) && !PASSWORD_WORD.test(password) && !LOCAL_HOST.test(host) && looksRandom(password);
}

/** The part of a token its issuer draws at random, as far as the prefix tells. */
function randomPart({ provider, value }: Candidate): string {
  if (provider === "slack") return value.startsWith("http") ? value.slice(value.lastIndexOf("/") + 1) : value.slice(value.lastIndexOf("-") + 1);
  return value.replace(/^[A-Za-z]{1,12}[-_.](?:(?:live|test|pat|api|v1|proj|ant-api0\d)[-_])?/, "");
}

export function believable(candidate: Candidate): boolean {
  const { provider, value } = candidate;
  if (PLACEHOLDER.test(value)) return false;
  if (provider === "basicauth" || provider === "database-connection-string") return believablePassword(value);
  const checksummed = CHECKSUMMED.exec(value)?.[1];
  if (checksummed !== undefined) return tokenChecksum(checksummed.slice(0, -CHECKSUM_CHARACTERS)) === checksummed.slice(-CHECKSUM_CHARACTERS) && looksRandom(checksummed);
  const random = randomPart(candidate);
  if (provider !== "huggingface" && !(/[0-9]/.test(random) && /[A-Za-z]/.test(random))) return false;
  return looksRandom(random);
}

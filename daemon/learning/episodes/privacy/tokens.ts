/** Credentials, by the rules that every published excerpt passes (daemon/checking/redact.ts), with what a digest or an id is taken out of them. */
import { maskCredentials } from "../../../checking/redact.ts";

/** Digests, object ids and UUIDs look drawn, because they are; they open nothing. */
const DIGEST = /^(?:sha(?:1|256|384|512)[-:=]|md5[-:=])|^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$|^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const PEM = /-----BEGIN [A-Z ]{0,24}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,24}PRIVATE KEY-----|$)/g;
/** Header and claims of a JSON web token (RFC 7519), base64url, each an object: so each begins `eyJ`. */
const JWT = /\beyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{4,4096}(?:\.[A-Za-z0-9_-]{0,4096})?/g;
/** A name that says what its value is, as environments, headers and configuration write it. */
const NAMED = /((?:\b|_)(?:api[_-]?key|access[_-]?key|secret(?:[_-]?(?:key|access[_-]?key))?|client[_-]?secret|auth[_-]?token|access[_-]?token|token|passw(?:or)?d|passwort|passphrase|pwd|contraseña|mot de passe)\\?["']?\s?[=:]\s?\\?["']?|\bauthorization: ?(?:basic|bearer|token) |\bbearer )((?:[^\s"',;&\\]|\\(?!["'])){6,4096})/gi;
const NO_VALUE = /^(?:true|false|null|none|undefined|missing|required|expired|invalid|optional|string|number|redacted|\*+|\$\{?.*|<.*|\[.*|\{\{.*|process\.env.*|env\..*|%\(.*)$/i;

export function maskTokens(text: string, mask: () => string): string {
  const bare = text
    .replace(PEM, mask)
    .replace(JWT, mask)
    .replace(NAMED, (all, name: string, value: string) => (NO_VALUE.test(value) ? all : `${name}${mask()}`));
  return maskCredentials(bare, { address: () => `://${mask()}@`, prefixed: mask, drawn: (run) => (DIGEST.test(run) ? run : mask()) });
}

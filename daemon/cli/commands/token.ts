import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { EXIT, MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import { notCurrent, openCapability, readCapability, type Capability } from "../../verifier/capability.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import type { CommandModule, Values } from "../command.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { capabilityTrust, issue } from "../token.ts";
import { makeRoot, readRoot, readTrust } from "../trust-root.ts";
import { daysOf, required } from "../values.ts";

function write(path: string, content: string | Uint8Array, mode: number): void {
  try {
    writeFileSync(path, content, { mode, flag: "wx", flush: true });
  } catch (cause) {
    throw new MaestroError("cli.usage", `${path} cannot be written, or stands there already`, { cause });
  }
}

/** A signing key for tokens, and the trust file that names it, signed by the root. */
function makeKey(values: Values): number {
  const days = daysOf(values);
  const root = readRoot(required("token", values, "root"));
  const domain = required("token", values, "domain");
  const out = required("token", values, "out");
  const key = makeRoot(required("token", values, "key"));
  write(out, capabilityTrust(key, root, domain, days, new Date()), 0o644);
  if (values["json"] === true) printJson({ key: key.key.fingerprint, trust_file: out });
  else print(`capability key ${key.key.fingerprint}\nput into the host configuration: capabilities: { trust_file: ${resolve(out)} }`);
  return EXIT.admit;
}

function issueToken(values: Values): number {
  const { body, token } = issue(readRoot(required("token", values, "key")), values, new Date());
  const out = values["out"];
  if (typeof out === "string") write(out, `${token}\n`, 0o600);
  if (values["json"] === true) printJson(typeof out === "string" ? { ...body, token_file: out } : { ...body, token });
  else print(typeof out === "string" ? `token ${body.jti} for ${body.tenant} until ${body.expires_at}` : token);
  return EXIT.admit;
}

function describe({ body }: Capability, state: string): string {
  const budget = body.budget === null ? "the tenant's own" : Object.entries(body.budget).map(([name, amount]) => `${name} ${amount}`).join(", ");
  const rows = [`token    ${body.jti}`, `tenant   ${body.tenant} of ${body.trust_domain}`, `may      ${body.verbs.join(" ")}`, `on       ${body.repositories.join(" ")}`, `budget   ${budget}`, `from     ${body.issued_at}`, `until    ${body.expires_at}`, `key      ${body.key}`, `state    ${state}`];
  return rows.map((row) => escapeTerminal(row)).join("\n");
}

/** What a token says; with --trust also whether its signature counts. The token itself is never printed. */
function inspect(values: Values, path: string | undefined): number {
  const file = path ?? values["token-file"] ?? process.env["MAESTRO_TOKEN_FILE"];
  if (typeof file !== "string") throw new MaestroError("cli.usage", "token inspect FILE");
  const text = readFileSync(file, "utf8").trim();
  const trust = typeof values["trust"] === "string" ? readTrust(values["trust"]) : null;
  const read = readCapability(text);
  const opened = trust === null ? read : openCapability(text, trust, trust.trust_domain);
  const because = !opened.ok ? opened.because : notCurrent(opened.value, Date.now() / 1000);
  const state = because ?? (trust === null ? "in time; its signature was not checked: give --trust FILE" : "in time, signed by a key of the trust file");
  if (values["json"] === true) printJson({ body: read.ok ? read.value.body : null, because, verified: trust !== null && opened.ok });
  else print(read.ok ? describe(read.value, state) : `not a token: ${escapeTerminal(state)}`);
  return because === null ? VERIFY_EXIT.verified : VERIFY_EXIT.failed;
}

/** `key` makes what signs tokens, `issue` signs one, `inspect` says what one grants. */
export const run: CommandModule["run"] = async ({ values, positionals: [verb, file] }) => {
  if (verb === "key") return makeKey(values);
  if (verb === "issue") return issueToken(values);
  if (verb === "inspect") return inspect(values, file);
  throw new MaestroError("cli.usage", "token takes key, issue or inspect FILE");
};

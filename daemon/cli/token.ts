/** Capability tokens on the operator's side: the key that signs them, the trust file that names it, the tokens. No daemon is asked. */
import { randomBytes } from "node:crypto";
import { CAPABILITY_LIFE_S_MAX, CapabilityBody } from "../../proto/capability.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { Spending, Verb } from "../../proto/tenant.ts";
import type { TrustBody, TrustedKey } from "../../proto/trust.ts";
import { Value } from "@sinclair/typebox/value";
import { capabilitySignedBytes, capabilityText } from "../verifier/capability.ts";
import { timestampOf } from "../verifier/time.ts";
import { textOf, type Values } from "./command.ts";
import { signedTrust, type Root } from "./trust-root.ts";
import { required, secondsIn, wordsIn } from "./values.ts";

const JTI_BYTES = 12;
const US_PER_S = 1_000_000;

const usage = (because: string): MaestroError => new MaestroError("cli.usage", because);

function verbsOf(list: string): Verb[] {
  const found = wordsIn(list);
  const wrong = found.find((word) => !Value.Check(Verb, word));
  if (wrong !== undefined) throw usage(`--verbs takes gate, replay, read, inspect and operate, not ${wrong}`);
  return found as Verb[];
}

function budgetOf(values: Values): Spending | null {
  const [wall, cpu, tokens] = ["wall", "cpu", "model-tokens"].map((name) => textOf(values, name));
  const budget = {
    ...(wall === undefined ? {} : { wall_us: secondsIn(wall, "wall") * US_PER_S }),
    ...(cpu === undefined ? {} : { cpu_us: secondsIn(cpu, "cpu") * US_PER_S }),
    ...(tokens === undefined ? {} : { model_tokens: Number(tokens) }),
  };
  if (!Value.Check(Spending, budget)) throw usage("--model-tokens takes a whole number");
  return Object.keys(budget).length === 0 ? null : budget;
}

/** A token as its options say, signed. Throws `cli.usage` for what the daemon would refuse. */
export function issue(key: Root, values: Values, now: Date): { readonly body: CapabilityBody; readonly token: string } {
  const life_s = secondsIn(textOf(values, "expires") ?? "1h", "expires");
  if (life_s > CAPABILITY_LIFE_S_MAX) throw usage(`a token lives at most ${CAPABILITY_LIFE_S_MAX / 86_400} days`);
  const issued_s = Math.floor(now.getTime() / 1000);
  const body = {
    trust_domain: required("token", values, "domain"),
    tenant: required("token", values, "tenant"),
    verbs: verbsOf(textOf(values, "verbs") ?? "gate,read"),
    repositories: wordsIn(required("token", values, "repositories")),
    budget: budgetOf(values),
    issued_at: timestampOf(issued_s),
    expires_at: timestampOf(issued_s + life_s),
    jti: textOf(values, "jti") ?? randomBytes(JTI_BYTES).toString("base64url"),
    key: key.key.fingerprint,
  };
  const problem = Value.Errors(CapabilityBody, body).First();
  if (problem !== undefined) throw usage(`${problem.path.slice(1)}: ${problem.message.toLowerCase()}`);
  return { body, token: capabilityText(body, key.sign(capabilitySignedBytes(body))) };
}

/** The trust file that makes a daemon believe tokens of this key. */
export function capabilityTrust(key: Root, root: Root, domain: string, days: number, now: Date): Uint8Array {
  const from_s = Math.floor(now.getTime() / 1000);
  const { algorithm, spki, fingerprint } = key.key;
  const line: TrustedKey = { fingerprint, algorithm, public_key: toBase64(spki), role: "capability", predicate_types: [], repository_ids: ["*"], modes: ["host", "fork", "local"], log_origin: null, from: timestampOf(from_s), to: timestampOf(from_s + days * 86_400) };
  const body: TrustBody = { trust_domain: domain, self_made: false, keys: [line] };
  return signedTrust(root, body);
}

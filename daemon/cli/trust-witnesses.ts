/** Witnesses in a trust file: whose cosignatures count, and how many of them it takes. */
import { MaestroError } from "../../proto/errors.ts";
import { KEY_NAME, type TrustedKey } from "../../proto/trust.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { parseCosignerKey, quorumProblem, type CosignerKey } from "../verifier/index.ts";
import { textOf, type Values } from "./command.ts";

export interface WitnessGrant {
  readonly keys: readonly CosignerKey[];
  /** `null`: cosignatures are looked at, and none is asked for. */
  readonly quorum: number | null;
}

const NAME = new RegExp(KEY_NAME);

function keyOf(text: string): CosignerKey {
  const key = parseCosignerKey(text);
  if (key === null || !NAME.test(key.name)) throw new MaestroError("cli.usage", `--witness takes the key that \`maestro witness key\` prints on the witness, not ${JSON.stringify(text)}`);
  return key;
}

/** Throws `cli.usage`, with the reason, for a quorum that proves nothing. */
export function witnessGrant(values: Values, given: readonly string[]): WitnessGrant {
  const keys = given.map(keyOf);
  const text = textOf(values, "quorum");
  if (text === undefined) return { keys, quorum: null };
  const quorum = /^[1-9][0-9]{0,2}$/.test(text) ? Number(text) : null;
  if (quorum === null) throw new MaestroError("cli.usage", `--quorum takes a number of witnesses, not ${JSON.stringify(text)}`);
  const problem = quorumProblem(quorum, keys.length);
  if (problem !== null) throw new MaestroError("cli.usage", `--quorum ${quorum}: ${problem}`);
  return { keys, quorum };
}

export function witnessLines({ keys }: WitnessGrant, window: Pick<TrustedKey, "modes" | "from" | "to">): TrustedKey[] {
  return keys.map(({ name, key }) => ({ fingerprint: key.fingerprint, algorithm: key.algorithm, public_key: toBase64(key.spki), role: "witness", predicate_types: [], repository_ids: ["*"], log_origin: null, name, ...window }));
}

/** Witnesses in a trust file: whose cosignatures count, and how many of them it takes. */
import { MaestroError } from "../../proto/errors.ts";
import { KEY_NAME, type TrustedKey } from "../../proto/trust.ts";
import { toBase64 } from "../../proto/encoding.ts";
import { parseCosignerKey, quorumProblem, type CosignerKey, type Trust } from "../verifier/index.ts";
import { textOf, type Values } from "./command.ts";

export interface WitnessGrant {
  readonly keys: readonly CosignerKey[];
  /** Since when cosignatures of a key count, by its fingerprint, where an earlier file said so. */
  readonly since?: ReadonlyMap<string, string>;
  /** `null`: cosignatures are looked at, and none is asked for. */
  readonly quorum: number | null;
}

const NAME = new RegExp(KEY_NAME);

function keyOf(text: string): CosignerKey {
  const key = parseCosignerKey(text);
  if (key === null || !NAME.test(key.name)) throw new MaestroError("cli.usage", `--witness takes the key that \`maestro witness key\` prints on the witness, not ${JSON.stringify(text)}`);
  return key;
}

const NONE = "none";

/** What the file says that is signed anew; `none` takes it out. Throws `cli.usage`, with the reason, for a quorum that proves nothing. */
export function witnessGrant(values: Values, given: readonly string[], previous: Trust | null = null): WitnessGrant {
  const before = previous?.witnesses ?? { keys: [], quorum: null };
  const since = new Map(previous?.entries.flatMap(({ entry }) => (entry.role === "witness" ? [[entry.fingerprint, entry.from] as const] : [])));
  const keys = given.length === 0 ? before.keys.map(({ key }) => key) : given.filter((text) => text !== NONE).map(keyOf);
  const dropped = given.includes(NONE) && keys.length === 0;
  const text = textOf(values, "quorum") ?? (before.quorum === null || dropped ? NONE : String(before.quorum));
  if (text === NONE) return { keys, since, quorum: null };
  const quorum = /^[1-9][0-9]{0,2}$/.test(text) ? Number(text) : null;
  if (quorum === null) throw new MaestroError("cli.usage", `--quorum takes a number of witnesses, not ${JSON.stringify(text)}`);
  const problem = quorumProblem(quorum, keys.length);
  if (problem !== null) throw new MaestroError("cli.usage", `--quorum ${quorum}: ${problem}`);
  return { keys, since, quorum };
}

export function witnessLines({ keys, since }: WitnessGrant, window: Pick<TrustedKey, "modes" | "from" | "to">): TrustedKey[] {
  return keys.map(({ name, key }) => ({ fingerprint: key.fingerprint, algorithm: key.algorithm, public_key: toBase64(key.spki), role: "witness", predicate_types: [], repository_ids: ["*"], log_origin: null, name, ...window, from: since?.get(key.fingerprint) ?? window.from }));
}

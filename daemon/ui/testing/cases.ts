/** Evidence to hold before the page: what must verify, and one change of every field that must not. */
import { canonicalBytes } from "../../../proto/canonical.ts";
import type { Bundle } from "../../../proto/bundle.ts";
import { type Counterexample, counterexampleBytes } from "../../../proto/counterexample.ts";
import { utf8 } from "../../../proto/encoding.ts";
import type { Json } from "../../../proto/json.ts";
import type { Verification } from "../../../proto/verification.ts";
import { makeBundle, newRing, NOW, trustWith, type Ring } from "../../testing/evidence.ts";
import { makeHidden } from "../../testing/hidden.ts";
import { asking, cosigned, newWitness } from "../../testing/witnesses.ts";
import { hideLeaves, verifyBundle } from "../../verifier/index.ts";

export interface Case {
  readonly name: string;
  readonly bundle: Uint8Array;
  readonly trust: Uint8Array;
  readonly result: Verification["result"];
  /** The rule that spoke; `null` where verified. */
  readonly code: string | null;
}

function made(name: string, bundle: Uint8Array, trust: Uint8Array, now = NOW): Case {
  const { result, reasons } = verifyBundle(bundle, trust, { now });
  return { name, bundle, trust, result, code: reasons[0]?.code ?? null };
}

/** A string that would run where it is taken for markup; no white space, so that a repository may be called so. */
export const XSS = "<img/src=x/onerror=\"globalThis.hurt=1\"><svg/onload=globalThis.hurt=1></script><script>globalThis.hurt=1</script>";

/** A behaviour in which whatever may be called something is called that, and one that was never seen. */
export function hostileCounterexamples(): Record<string, string> {
  const state = (i: number) => ({ [`${XSS} \u202e`.slice(0, 100)]: i, held: [XSS.repeat(10), { [XSS.slice(0, 40)]: true }] });
  const trace = Array.from({ length: 60 }, (_, i) => ({ action: `${XSS}\n\u001b[31m`, location: { path: { u: `${XSS}.tla` }, start_line: 1, end_line: 1 }, state: state(i) }));
  const cex: Counterexample = { type: "maestro.cex/v1", invariant: "Queue.Fair", engine: "tlc", message: `${XSS}\u202e lost`, inputs: null, trace, loop_at: 3, stutter: false, seed: null, path: null, smt2_sha256: null, spec_sha256: null, replay: { command: ["maestro", "modelcheck", XSS], verdict: "reproduced" } };
  const inputs = { ...cex, engine: "smt", trace: null, loop_at: null, inputs: { spent: { "#bigint": "9223372036854775807" }, kind: XSS } } as const;
  const text = (one: Counterexample): string => new TextDecoder().decode(counterexampleBytes(one));
  return { "counterexample/1.json": text(cex), "counterexample/2.json": text(inputs), "counterexample/3.json": text({ ...inputs, replay: { ...inputs.replay, verdict: "not-reproduced" } }), "counterexample/4.json": XSS, "counterexample/5.json": text(cex), "smt/1.smt2.txt": "(check-sat)\n" };
}

/** What a person meets: sound, hidden in part, with documents, an operator's trust, a stranger's, hostile names. */
export function plainCases(ring: Ring = newRing(), now?: Date): Case[] {
  const good = makeBundle(ring);
  const operator = trustWith(ring, (body) => ({ ...body, self_made: false }));
  return [
    made("sound", good, ring.trust, now),
    made("an operator's trust file", good, operator, now),
    made("hidden leaves", hideLeaves(good, ["document/card", "document/facts"]), ring.trust, now),
    made("documents", makeBundle(ring, { documents: { "policy.rego": "package maestro\n" } }), ring.trust, now),
    made("a stranger's", makeBundle(newRing()), ring.trust, now),
    made("a card that says something else", makeBundle(ring, { card: (card) => ({ ...card, verdict: "admit" }) }), ring.trust, now),
    made("hostile names", makeBundle(ring, { identity: { repo_id: XSS, target_ref: "refs/heads/<b>\u202emain</b>" } }), ring.trust, now),
    made("hostile counterexamples", makeBundle(ring, { verdict: "refuse", documents: hostileCounterexamples() }), ring.trust, now),
    made("a trust file with a changed byte", good, utf8(new TextDecoder().decode(ring.trust).replace('"self_made":true', '"self_made":false')), now),
    made("a byte behind the end", utf8(`${new TextDecoder().decode(good)} `), ring.trust, now),
    made("a truncated one", good.slice(0, -20), ring.trust, now),
    made("a first byte that is another", good.with(0, 0x5b), ring.trust, now),
  ];
}

/** What takes a prover, witnesses or further signatures to make. */
export async function fullCases(ring: Ring = newRing(), now: Date = NOW): Promise<Case[]> {
  const witnesses = ["witness.example/a", "witness.example/b", "witness.example/c"].map((name) => newWitness(name));
  const asked = trustWith(ring, asking(2, witnesses));
  const by = (count: number): Uint8Array =>
    makeBundle(ring, { receipt: (receipt) => ({ ...receipt, checkpoint: witnesses.slice(0, count).reduce((note, one) => cosigned(note, one, NOW.getTime() / 1000 - 30), receipt.checkpoint) }) });
  const { bundle: hidden } = await makeHidden(ring);
  const { bundle: lied } = await makeHidden(ring, { configured: (samples) => samples.map((one) => ({ ...one, min: one.min === null ? null : one.min + 100 })) });
  const { bundle: bare } = await makeHidden(ring, { config_travels: false });
  return [
    made("hidden numbers", hidden, ring.trust, now),
    made("hidden numbers against other bounds than the configuration's", lied, ring.trust, now),
    made("hidden numbers by the signer's own bounds", bare, ring.trust, now),
    made("two of three witnesses", by(2), asked, now),
    made("one of three witnesses", by(1), asked, now),
    made("further attestations", makeBundle(ring, { verdict: "admit", outcomes: [], beside: (statements) => statements }), ring.trust, now),
  ];
}

/** The same value with a little changed, of the same type. */
function bent(value: Json): Json {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (value === null) return "0";
  if (typeof value !== "string") return value;
  const at = Math.floor(value.length / 2);
  const other = value[at] === "a" ? "b" : "a";
  return value === "" ? "a" : value.slice(0, at) + other + value.slice(at + 1);
}

type Path = readonly (string | number)[];

function* scalars(value: Json, path: Path = []): Generator<Path> {
  if (typeof value !== "object" || value === null) yield path;
  else for (const [key, item] of Object.entries(value)) yield* scalars(item, [...path, Array.isArray(value) ? Number(key) : key]);
}

function withBent(root: Json, [key, ...rest]: Path): Json {
  if (key === undefined) return bent(root);
  if (Array.isArray(root)) return root.map((item, i) => (i === key ? withBent(item as Json, rest) : (item as Json)));
  return Object.fromEntries(Object.entries(root as { [name: string]: Json }).map(([name, item]) => [name, name === key ? withBent(item, rest) : item]));
}

/** One case for every field of a bundle, or with `classes` one for every field that differs in more than its place in a list. */
export function bentCases(ring: Ring = newRing(), classes = false, now?: Date): Case[] {
  const bundle = JSON.parse(new TextDecoder().decode(makeBundle(ring, { documents: { "policy.rego": "package maestro\n" } }))) as Bundle & Json;
  const seen = new Set<string>();
  const cases: Case[] = [];
  for (const path of scalars(bundle)) {
    const name = path.filter((key) => typeof key === "string").join(".");
    if (classes && seen.has(name)) continue;
    seen.add(name);
    cases.push(made(path.join("."), canonicalBytes(withBent(bundle, path)), ring.trust, now));
  }
  return cases;
}

/** A manifest of so many leaves, every one of them shown. */
export function largeBundle(ring: Ring, leaves: number): Uint8Array {
  const outcomes = Array.from({ length: leaves - 7 }, (_, i) => ({ check: `c${i.toString().padStart(6, "0")}`, result: "pass" as const, because: null, observer: "daemon" as const, findings: [], findings_cut: 0, gaps: [] }));
  return makeBundle(ring, { outcomes });
}

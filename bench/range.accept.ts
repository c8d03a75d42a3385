/** Our range proofs in the hands of the crate whose form they have, and the crate's in ours; Solana's SDK beside both, for the second base. */
import { describe, expect } from "bun:test";
import { ElGamalKeypair, PedersenCommitment, PedersenOpening } from "@solana/zk-sdk/node";
import { proveRange, type Secrets } from "../daemon/evidence/range/prove.ts";
import { newRing } from "../daemon/testing/evidence.ts";
import { makeHidden } from "../daemon/testing/hidden.ts";
import { hashLeaf, leafBytes } from "../daemon/verifier/leaves.ts";
import { rangeGroup } from "../daemon/verifier/range/engine.ts";
import { commit, type Opening } from "../daemon/verifier/range/opening.ts";
import { decodeProof } from "../daemon/verifier/range/proof.ts";
import { fromBytesLe, mod, ORDER, toBytesLe } from "../daemon/verifier/range/scalars.ts";
import { rangeCommitments, STATEMENT_LABEL, statementMessages } from "../daemon/verifier/range/statement.ts";
import { Transcript } from "../daemon/verifier/range/transcript.ts";
import { verifyRange } from "../daemon/verifier/range/verify.ts";
import { fromBase64, toHex, utf8 } from "../proto/encoding.ts";
import { RANGE_BITS } from "../proto/range.ts";
import { accepts, output } from "./rig/accepts.ts";
import { rangecheck } from "./rig/tools.ts";

const crate = await rangecheck();
const PARTIES = [1, 2, 4, 8] as const;
const LABEL = "accept";
const hexed = (text: string): string => toHex(utf8(text));
const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
const scalar = (): bigint => mod(fromBytesLe(random(64)));
const secrets: Secrets = (_what, count) => Array.from({ length: count }, scalar);

/** One line for each question, in one process. */
async function asked(lines: readonly string[]): Promise<string[]> {
  return (await output([crate.path()], { stdin: `${lines.join("\n")}\n` })).trimEnd().split("\n");
}

function proved(bits: number, openings: readonly Opening[]): { readonly commitments: Uint8Array[]; readonly proof: Uint8Array } {
  const steps = proveRange(rangeGroup(), Transcript.begin(LABEL), { bits, openings }, secrets);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return { commitments: openings.map((opening) => commit(rangeGroup(), opening)), proof: step.value };
}

const question = (bits: number, commitments: readonly Uint8Array[], proof: Uint8Array, label = LABEL): string => `verify ${hexed(label)} - ${bits} ${commitments.map(toHex).join(",")} ${toHex(proof)}`;

const openingsOf = (bits: number, parties: number): Opening[] => Array.from({ length: parties }, (_, i) => ({ value: i === 0 ? 2n ** BigInt(bits) - 1n : i === 1 ? 0n : fromBytesLe(random(bits / 8)), blinding: scalar() }));

describe("bulletproofs of dalek", () => {
  const cases = RANGE_BITS.flatMap((bits) => PARTIES.map((parties) => ({ bits, ...proved(bits, openingsOf(bits, parties)) })));

  accepts(crate, "takes sixteen proofs of ours, 8 to 64 bits, one to eight numbers, both ends of the range among them", async () => {
    expect(await asked(cases.map(({ bits, commitments, proof }) => question(bits, commitments, proof)))).toEqual(cases.map(() => "ok"));
  });

  accepts(crate, "refuses each of them tampered, as we do: a bit of any element, another label, another commitment", async () => {
    const tampered = cases.flatMap(({ bits, commitments, proof }) => {
      const flips = Array.from({ length: proof.length / 32 }, (_, element) => {
        const flipped = proof.slice();
        flipped[element * 32 + 7] = (flipped[element * 32 + 7] ?? 0) ^ 4;
        return { bits, commitments, proof: flipped, label: LABEL };
      });
      const other = [commit(rangeGroup(), { value: 1n, blinding: scalar() }), ...commitments.slice(1)];
      return [...flips, { bits, commitments, proof, label: "other" }, { bits, commitments: other, proof, label: LABEL }];
    });
    expect(tampered.length).toBeGreaterThan(300);
    expect(await asked(tampered.map(({ bits, commitments, proof, label }) => question(bits, commitments, proof, label)))).toEqual(tampered.map(() => "refused"));
    for (const { bits, commitments, proof, label } of tampered) {
      const decoded = decodeProof(proof);
      expect(decoded !== null && verifyRange(rangeGroup(), Transcript.begin(label), bits, commitments, decoded)).toBe(false);
    }
  });

  accepts(crate, "makes proofs that we take", async () => {
    const wanted = RANGE_BITS.flatMap((bits) => PARTIES.map((parties) => ({ bits, openings: openingsOf(bits, parties) })));
    const list = (of: readonly bigint[]): string => of.map((one) => toHex(toBytesLe(one))).join(",");
    const answers = await asked(wanted.map(({ bits, openings }) => `prove ${hexed(LABEL)} - ${bits} ${list(openings.map(({ value }) => value))} ${list(openings.map(({ blinding }) => blinding))}`));
    for (const [i, { bits, openings }] of wanted.entries()) {
      const [commitments = "", proof = ""] = answers[i]?.split(" ") ?? [];
      expect(commitments).toBe(openings.map((opening) => toHex(commit(rangeGroup(), opening))).join(","));
      const decoded = decodeProof(Uint8Array.fromHex(proof));
      expect(decoded !== null && verifyRange(rangeGroup(), Transcript.begin(LABEL), bits, commitments.split(",").map((one) => Uint8Array.fromHex(one)), decoded)).toBe(true);
    }
  });

  accepts(crate, "takes the proof of a bundle under everything that its transcript says, and under nothing else", async () => {
    const { subject, hidden, proofs } = await makeHidden(newRing());
    const claims = hidden.map(({ index, leaf }) => ({ index, leaf, leaf_hash: toHex(hashLeaf(leafBytes(leaf))) }));
    const said = statementMessages(subject, claims, 32).map(([label, message]) => `${hexed(label)}:${toHex(message)}`);
    const commitments = (rangeCommitments(rangeGroup(), claims) ?? []).map(toHex).join(",");
    const proof = toHex(fromBase64(proofs[0]?.proof ?? "") ?? new Uint8Array(0));
    const under = (messages: readonly string[]): string => `verify ${hexed(STATEMENT_LABEL)} ${messages.join(",")} 32 ${commitments} ${proof}`;
    const answers = await asked([under(said), ...said.map((_, i) => under(said.toSpliced(i, 1)))]);
    expect(answers).toEqual(["ok", ...said.map(() => "refused")]);
  });
});

describe("@solana/zk-sdk", () => {
  const solana = { name: "@solana/zk-sdk", version: "0.4.1" };
  const sum = (terms: object): string => toHex(rangeGroup().sum({ bits: 8, g: [], h: [], basepoint: 0n, blinding: 0n, points: [], ...terms }) ?? new Uint8Array(0));

  accepts(solana, "has the same second base: its public keys are B~ over their secret", () => {
    for (let i = 0; i < 8; i++) {
      const pair = new ElGamalKeypair();
      expect(sum({ points: [{ point: pair.pubkey().toBytes(), scalar: fromBytesLe(pair.secret().toBytes()) }] })).toBe(sum({ blinding: 1n }));
    }
  });

  accepts(solana, "has the same first base: commitments under one opening differ by their numbers", () => {
    const opening = new PedersenOpening();
    const [high, low] = [8125n, 8000n].map((amount) => PedersenCommitment.from(amount, opening).toBytes());
    if (high === undefined || low === undefined) throw new Error("no commitment");
    expect(sum({ points: [{ point: high, scalar: 1n }, { point: low, scalar: ORDER - 1n }] })).toBe(sum({ basepoint: 125n }));
  });
});

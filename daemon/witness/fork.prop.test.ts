/** A log that forks shows each witness what it likes, in any order, while they die and come back: two heads never both have a quorum. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { newWitness, type TestWitness } from "../testing/witnesses.ts";
import { parseNote } from "../verifier/note.ts";
import { judgeWitnesses, majorityOf, openCosignatures, type WitnessPolicy } from "../verifier/witnesses.ts";
import { createWitness, type Witness } from "./index.ts";
import { CrashingStore } from "./testing/crashing-store.ts";
import { ForkedLog } from "./testing/forest.ts";

const SIZES_MAX = 12;
const NOW_S = 1_790_000_000;
const root = mkdtempSync(join(tmpdir(), "maestro-fork-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let serial = 0;

/** One witness, its disk, and what its process was asked and has not answered. */
class Peer {
  readonly store = new CrashingStore();
  readonly who: TestWitness;
  private readonly state_dir = join(root, String(serial++));
  private witness: Witness;

  constructor(readonly name: string, private readonly log: ForkedLog) {
    this.who = newWitness(name);
    this.witness = this.start();
  }

  private start(): Witness {
    const { key, signer } = this.who;
    return createWitness({ store: this.store, state_dir: this.state_dir, key, sign: signer.sign, logs: [this.log.key], limits: { submissions_per_s: 1_000_000, submissions_burst: 1_000_000 }, monotonic_ms: () => 0, now_s: () => NOW_S, warn: () => undefined });
  }

  /** Asks as an attacker would who knows the witness's size: with the proof that fits best. */
  offer(branch: string, size: number, answered: (line: string) => void): void {
    const known = this.witness.logs()[0]?.size ?? 0;
    for (const old of new Set([known, 0, size])) {
      if (old > size) continue;
      void this.witness.submit(0, this.log.body(branch, old, size)).then(({ status, text }) => {
        if (status === 200) answered(text);
      });
    }
  }

  restart(): void {
    this.store.crash();
    this.witness = this.start();
  }
}

interface Offer {
  readonly what: "offer";
  readonly who: number;
  readonly branch: "main" | "fork";
  readonly size: number;
}
type Step = Offer | { readonly what: "flush"; readonly who: number } | { readonly what: "crash"; readonly who: number };

const steps = (n: number) => {
  const who = fc.nat(n - 1);
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ what: fc.constant("offer" as const), who, branch: fc.constantFrom("main" as const, "fork" as const), size: fc.integer({ min: 1, max: SIZES_MAX }) }) },
      { weight: 3, arbitrary: fc.record({ what: fc.constant("flush" as const), who }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constant("crash" as const), who }) },
    ),
    { minLength: 10, maxLength: 60 },
  );
};
interface Play {
  readonly n: number;
  readonly shared: number;
  readonly steps: readonly Step[];
}
const plays = fc.integer({ min: 1, max: 5 }).chain((n) => fc.record({ n: fc.constant(n), shared: fc.integer({ min: 0, max: SIZES_MAX - 2 }), steps: steps(n) }));

/** Heads that have a quorum, by what the verifier says of all lines collected under each. */
async function quorums({ n, shared, steps: played }: Play): Promise<{ branch: string; size: number }[]> {
  const log = new ForkedLog("forked.example").branch("main", SIZES_MAX).branch("fork", SIZES_MAX, shared);
  const peers = Array.from({ length: n }, (_, i) => new Peer(`witness.example/${i}`, log));
  const policy: WitnessPolicy = { keys: peers.map(({ who: { key } }) => ({ key, from_s: 0, to_s: NOW_S * 2 })), quorum: majorityOf(n) };
  const lines = new Map<string, Set<string>>();
  for (const step of played) {
    const peer = peers[step.who];
    if (peer === undefined) continue;
    if (step.what === "flush") peer.store.flush();
    if (step.what === "crash") peer.restart();
    if (step.what === "offer") {
      const { branch, size } = step;
      const head = `${branch} ${size}`;
      peer.offer(branch, size, (line) => lines.set(head, (lines.get(head) ?? new Set()).add(line)));
    }
    // Answers are given in turns of their own.
    await new Promise<void>((done) => setImmediate(done));
  }
  return [...lines].flatMap(([head, cosigned]) => {
    const [branch = "", text = ""] = head.split(" ");
    const size = Number(text);
    // One line of each witness: it may have cosigned the same head twice.
    const one_each = [...new Map([...cosigned].map((line) => [line.split(" ")[1], line])).values()];
    const note = parseNote(log.checkpoint(branch, size) + one_each.join(""));
    const opened = note === null ? null : openCosignatures(note, policy.keys);
    const enough = opened?.ok === true && judgeWitnesses(opened.value.cosigners, policy, { now_s: NOW_S, later: false }).ok;
    return enough ? [{ branch, size }] : [];
  });
}

/** Nobody dies and every answer is kept: `n` witnesses cosign one head of the main branch. */
const smooth = (n: number): Play => ({ n, shared: 0, steps: Array.from({ length: n }, (_, who) => [{ what: "offer", who, branch: "main", size: 3 }, { what: "flush", who }] as const).flat() });

test("attack: no two heads of a forked log both have a quorum, whatever is offered when, and whoever dies before it answers", async () => {
  let reached = 0;
  await fc.assert(
    fc.asyncProperty(plays, async (play) => {
      const heads = await quorums(play);
      reached += heads.length > 0 ? 1 : 0;
      const beyond = heads.filter(({ size }) => size > play.shared);
      expect(new Set(beyond.map(({ branch }) => branch)).size).toBeLessThanOrEqual(1);
    }),
    { numRuns: 30, examples: [[smooth(1)], [smooth(3)], [smooth(5)]] },
  );
  // Witnesses that cosign nothing would pass as well.
  expect(reached).toBeGreaterThanOrEqual(3);
}, 60_000);

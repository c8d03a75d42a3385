/** Several clients and one gate. Check processes are stopped (SIGSTOP) where a test needs a gate to be under way for sure. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { Source } from "../platform/git/testing/scratch.ts";
import { alive, oneDocument, type GateDocument, until, workersOf, World } from "./testing/world.ts";
import { ENTRIES } from "../testing/entries.ts";

setDefaultTimeout(120_000);
let world: World;
let daemon: number;
beforeAll(async () => {
  world = new World();
  daemon = (await world.daemon()).pid;
  await world.judged(await world.repository());
});
afterAll(() => world.dispose());

let changes = 0;
const change = (): Promise<Source> => world.changed({}, { "src/b.ts": `b(${changes++});\n` });

/** Every check process stands still until `go`; returns their pids. */
async function standstill(): Promise<{ readonly pids: readonly number[]; readonly go: () => void }> {
  await until(async () => (await world.status()).workers.ready === 2);
  const pids = workersOf(daemon);
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  return { pids, go: () => pids.filter(alive).forEach((pid) => process.kill(pid, "SIGCONT")) };
}

test("two first uses at once start one daemon and share one gate", async () => {
  const fresh = new World();
  try {
    const source = await fresh.changed({}, { "src/b.ts": "b();\n" });
    const [a, b] = await Promise.all([fresh.judged(source), fresh.judged(source)]);
    expect([a.code, b.code, a.gate_id, a.attempt]).toEqual([0, 0, b.gate_id, b.attempt]);
    expect((await fresh.status()).log.size).toBe(ENTRIES.decided);
  } finally {
    await fresh.dispose();
  }
});

test("the same gate asked for twice at once runs once; a third, later, is answered from the record", async () => {
  const source = await change();
  const before = (await world.status()).log.size;
  const { go } = await standstill();
  const clients = [0, 1].map(() => world.start(["gate", source.path, "--json"]));
  await Promise.all(clients.map((client) => client.said("queued")));
  expect((await world.status()).gates).toMatchObject({ running: 1, waiting: 0 });
  go();
  const [a, b] = (await Promise.all(clients.map(({ done }) => done))).map((ran) => oneDocument(ran) as GateDocument);
  expect(a).toMatchObject({ attempt: 1, recorded: false, verdict: "admit" });
  expect(JSON.stringify(b)).toBe(JSON.stringify(a));
  const later = await world.judged(source);
  expect(later).toMatchObject({ gate_id: a?.gate_id, attempt: 1, recorded: true, proof: a?.proof });
  expect((await world.status()).log.size).toBe(before + ENTRIES.decided);
});

test("--rerun is a new attempt, and the first one stays on record and stays evidence", async () => {
  const source = await change();
  const first = await world.judged(source);
  const second = await world.judged(source, ["--rerun"]);
  expect(second).toMatchObject({ gate_id: first.gate_id, attempt: 2, recorded: false, verdict: first.verdict });
  expect(second.proof.log_index).toBe(first.proof.log_index + ENTRIES.decided);
  expect(oneDocument(await world.run(["card", first.gate_id, "--json"]))).toMatchObject({ attempts: [1, 2], card: { attempt: 2 } });
  const verified = await Promise.all([first, second].map(({ bundle }) => world.run(["verify", bundle, "--json"])));
  expect(verified.map((ran) => oneDocument(ran))).toMatchObject([
    { result: "verified", statement: { predicate: { attempt: { attempt: 1, supersedes: null } } } },
    { result: "verified", statement: { predicate: { attempt: { attempt: 2, supersedes: 1 } } } },
  ]);
});

test("a client that leaves takes nothing from the other; the last one to leave ends the work and leaves no trace", async () => {
  const source = await change();
  const before = (await world.status()).log.size;
  const { pids, go } = await standstill();
  const [first, second] = [world.start(["gate", source.path]), world.start(["gate", source.path])];
  await Promise.all([first.said("queued"), second.said("queued")]);
  first.child.kill("SIGKILL");
  await first.done;
  await Bun.sleep(100);
  expect((await world.status()).gates.running).toBe(1);
  second.child.kill("SIGKILL");
  await second.done;
  await until(async () => (await world.status()).gates.running === 0);
  // The process that had the change is gone; the one that only waited is not.
  await until(() => pids.filter(alive).length === pids.length - 1);
  go();
  expect((await world.status()).log.size).toBe(before);
  expect((await world.run(["card", source.git("rev-parse", "HEAD")])).code).toBe(2);
  expect(await world.judged(source)).toMatchObject({ attempt: 1, recorded: false, verdict: "admit" });
});

test("kill -9 of a check process: what it was asked is unavailable, the gate holds, and the next one works", async () => {
  const killed = async (nth: number): Promise<{ readonly source: Source; readonly gate: GateDocument; readonly code: number | null }> => {
    // Enough text that the secrets scan is under way when the facts are announced.
    const source = await world.changed({}, { "src/long.txt": Array.from({ length: 120_000 }, (_, i) => `line ${i} of the long text ${nth} that holds nothing\n`).join("") });
    const client = world.start(["gate", source.path, "--json"]);
    await client.said("  facts ");
    for (const pid of workersOf(daemon)) process.kill(pid, "SIGKILL");
    const ran = await client.done;
    return { source, gate: oneDocument(ran) as GateDocument, code: ran.code };
  };
  let { source, gate, code } = await killed(0);
  // A kill that came too late killed nobody under way: nothing was missing then.
  for (let nth = 1; nth < 5 && code === 0; nth++) ({ source, gate, code } = await killed(nth));
  expect({ code, verdict: gate.verdict }).toEqual({ code: 3, verdict: "hold" });
  // Which of them were under way just then is the machine's to say.
  expect(gate.card.reasons.filter(({ effect }) => effect === "hold").map(({ rule }) => rule)).toContain("gate.check-unavailable");
  expect(gate.card.next.map(({ action }) => action)).toContain("retry");
  const again = await world.judged(source);
  // An attempt with an unavailable check does not stand: the same change is judged anew.
  expect(again).toMatchObject({ code: 0, attempt: 2, recorded: false, verdict: "admit" });
});

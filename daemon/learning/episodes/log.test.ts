import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { StoreLimits } from "../../../proto/config.ts";
import { Episode, EPISODE_BYTES_MAX } from "../../../proto/episode.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { OutcomeRequest, RouterEntry } from "../../../proto/routing.ts";
import { openStore, type Store } from "../../store/db.ts";
import { type Decision, EpisodeLog, learnable } from "./index.ts";
import { openEpisodeTables } from "./table.ts";
import { reportEpisodes, reportOutcome } from "./reports.ts";

const T0 = 1_795_392_000_000;
const ROUTER: RouterEntry = {
  id: "models", baseline: "large", value_usd_micro: 0, outcome_s: 60, reward: { name: "solved", version: 2, min: 0, max: 1 },
  constraints: [{ name: "harm", min: 0, max_value: 1, max: 0.1 }],
  context: [{ name: "note", type: "text" }, { name: "who", type: "text", pii: "person" }, { name: "size", type: "number" }, { name: "kind", type: "choice", values: ["a", "b", "x@example.org"] }, { name: "hot", type: "boolean" }],
  arms: ["small", "large", "odd"].map((id) => ({ id, reversible: true, reward: 0 })),
};
const MANY: RouterEntry = { ...ROUTER, id: "many", arms: Array.from({ length: 64 }, (_, i) => ({ id: `arm-with-a-long-name-${i}`, reversible: true, reward: 0 })) };
const SHARES = [{ arm: "small", propensity: 0.25 }, { arm: "large", propensity: 0.75 }];
const DECIDED: Decision = { router: ROUTER, space: "web", context: {}, eligible: SHARES, drawn: "large", executed: "large", forced: null, policy: "a".repeat(64), seed: "b".repeat(32), counter: 7, epoch: 3, prices: { tokens: 0.125 }, reserved: { tokens: 9 }, reason: "cheapest" };

let dir: string;
let store: Store;
let now_ms: number;
let log: EpisodeLog;
let closed: Episode[];
const keyed = (purpose: string, value: string): string => new Bun.CryptoHasher("sha256", "k").update(`${purpose} ${value}`).digest("hex");

function openLog(episodes_max = 1000, free_bytes_min = 1): void {
  store = openStore({ state_dir: dir, limits: { ...Value.Create(StoreLimits), free_bytes_min }, fatal: () => undefined });
  log = new EpisodeLog({ store, now_ms: () => now_ms, keyed, router: (id) => [ROUTER, MANY].find((each) => each.id === id) ?? null, episodes_max, silence: new Map([["gate", 1]]), closed: (episode) => closed.push(episode) });
}
async function reopen(episodes_max?: number): Promise<void> {
  await store.close();
  openLog(episodes_max);
}
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "episodes-"));
  now_ms = T0;
  closed = [];
  openLog();
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code}: ${error.detail}`;
    throw error;
  }
  return "taken";
}
const reporting = () => ({ log, router: (id: string) => (id === "models" ? ROUTER : null) });
const REPORT = { key: "k1", router: "models", context: {}, eligible: SHARES, executed: "small" };
const all = () => [...log.read({ router: null, split: "all", sees: null })];

describe("a decision", () => {
  test("is read back as it was made, after a restart too, and fits its schema", async () => {
    const { episode } = log.record({ ...DECIDED, context: { note: "long day", size: 0.1, kind: "a", hot: true } });
    expect(episode).toMatchObject({ v: 1, at_ms: T0, propensity: 0.75, executed: "large", forced: null, outcome: null, context: { note: "long day", size: 0.1, kind: "a", hot: true }, prices: { tokens: 0.125 } });
    await reopen();
    expect(all()).toEqual([episode]);
    expect([...Value.Errors(Episode, episode)]).toEqual([]);
    const again = log.record(DECIDED).episode;
    expect([again.at_ms, again.id.split("-")[1], again.id]).toEqual([T0, episode.id.split("-")[1]!, expect.not.stringMatching(`^${episode.id}$`)]);
  });

  test("with 64 arms of long names and a long text is kept whole, in pieces that a record has room for", () => {
    const eligible = MANY.arms.map(({ id }) => ({ arm: id, propensity: 1 / 64 }));
    const note = "é𝛼".repeat(700);
    const { episode } = log.record({ ...DECIDED, router: MANY, context: { note }, eligible, drawn: eligible[63]!.arm, executed: eligible[63]!.arm });
    expect(all()).toEqual([episode]);
    expect([episode.context["note"], episode.eligible.length, episode.propensity]).toEqual([note.normalize("NFKC"), 64, 1 / 64]);
  });

  test("that is larger than an episode may be is refused with the limit's name, and leaves nothing", () => {
    expect(refusal(() => log.record({ ...DECIDED, context: { note: "é".repeat(EPISODE_BYTES_MAX / 2) } }))).toMatch(/^learning\.episode: .*8192 \(episode_bytes_max\)/);
    expect([all(), log.counts()]).toEqual([[], { kept: 0, open: 0 }]);
  });

  test("attack: a text is guessed from the digest of what was asked under a name: what lies on the disk is keyed", async () => {
    const asked = new Bun.CryptoHasher("sha256").update('{"note":"jane@example.org"}').digest("hex");
    log.record({ ...DECIDED, named: { key: "k", asked } });
    await store.close();
    const bytes = Buffer.concat(readdirSync(dir, { recursive: true, withFileTypes: true }).filter((file) => file.isFile()).map((file) => readFileSync(join(file.parentPath, file.name))));
    openLog();
    expect([bytes.includes(keyed("episode asked", asked)), bytes.includes(asked)]).toEqual([true, false]);
  });

  const IMPOSSIBLE: readonly (readonly [string, Partial<Decision>, RegExp])[] = [
    ["a propensity of zero", { eligible: [{ arm: "large", propensity: 0 }, { arm: "small", propensity: 1 }] }, /large ran at a propensity of 0/],
    ["a propensity that one report would stop every evaluation by", { eligible: [{ arm: "large", propensity: 1e-300 }, { arm: "small", propensity: 1 }] }, /large ran at a propensity of 1e-300, and what is drawn has at least 1e-9/],
    ["a propensity above one", { eligible: [{ arm: "large", propensity: 1.5 }, { arm: "small", propensity: -0.5 }] }, /the propensity of large is 1\.5/],
    ["a propensity that is no number", { eligible: [{ arm: "large", propensity: Number.NaN }] }, /the propensity of large is NaN/],
    ["shares that do not add up to one", { eligible: [{ arm: "large", propensity: 0.5 }, { arm: "small", propensity: 0.4999999 }] }, /add up to 0\.99999/],
    ["an arm that was not eligible", { drawn: "odd", executed: "odd" }, /odd is not among the eligible arms/],
    ["an arm that nobody knows", { drawn: "huge", executed: "huge" }, /the router has no arm huge/],
    ["an eligible arm that nobody knows", { eligible: [{ arm: "huge", propensity: 1 }] }, /the router has no arm huge/],
    ["an arm twice", { eligible: [{ arm: "large", propensity: 0.5 }, { arm: "large", propensity: 0.5 }] }, /named twice/],
    ["another arm than was drawn, without a word of why", { drawn: "small" }, /nothing says what forced it/],
    ["a field that nobody declared", { context: { ssn: "1" } }, /context\.ssn: the router declares no such field/],
    ["a value that the router does not know", { context: { kind: "c" } }, /context\.kind/],
    ["a choice that reads as an address", { context: { kind: "x@example.org" } }, /context\.kind: this value reads as/],
    ["a number that is none", { context: { size: Number.POSITIVE_INFINITY } }, /context\.size/],
    ["a text for a number", { context: { size: "1" } }, /context\.size: a number is wanted/],
  ];
  test("attack: it cannot have been one, which is said by field, and nothing of it is kept", () => {
    const said = IMPOSSIBLE.map(([name, change]) => [name, refusal(() => log.record({ ...DECIDED, ...change }))]);
    expect(said).toEqual(IMPOSSIBLE.map(([name, , wanted]) => [name, expect.stringMatching(wanted)]));
    expect([all(), log.counts()]).toEqual([[], { kept: 0, open: 0 }]);
  });

  test("shares within 1e-9 of one are taken as they are", () => {
    const eligible = Array.from({ length: 3 }, (_, i) => ({ arm: ["small", "large", "odd"][i]!, propensity: i === 0 ? 1 / 3 + 5e-10 : 1 / 3 }));
    expect(log.record({ ...DECIDED, eligible }).episode.propensity).toBe(1 / 3);
  });

  test("nothing personal reaches the disk, and what was taken out is counted", async () => {
    const { episode } = log.record({ ...DECIDED, reason: "asked by jane@example.org", context: { note: "call +49 171 1234567 or Maria Schmidt, DE89 3704 0044 0532 0130 00", who: "Maria Schmidt" } });
    expect(episode.context["note"]).toBe("call [phone] or [person], [iban]");
    expect(episode.redacted).toEqual({ person: 2, email: 1, phone: 1, iban: 1, card: 0, token: 0 });
    const same = log.record({ ...DECIDED, context: { who: " maria schmidt " } }).episode;
    expect([same.context["who"], episode.context["who"]]).toEqual([episode.context["who"]!, expect.stringMatching(/^person-[0-9a-f]{16}$/)]);
    await store.close();
    const disk = await Bun.file(join(dir, "db/data.mdb")).text();
    for (const trace of ["Maria", "jane@", "1234567", "0044 0532"]) expect([trace, disk.includes(trace)]).toEqual([trace, false]);
    openLog();
  });
});

describe("an outcome", () => {
  test("comes once: word for word again changes nothing, another one is refused", async () => {
    const { episode: { id } } = log.record(DECIDED);
    now_ms += 1_500;
    const said = { reward: 0.5, constraints: { harm: 0.25 }, usage: { tokens: 4 } };
    expect([log.outcome(id, "web", said), log.outcome(id, "web", said)]).toEqual([{ changed: true }, { changed: false }]);
    await reopen();
    expect(log.outcome(id, "web", { usage: { tokens: 4 }, constraints: { harm: 0.25 }, reward: 0.5 })).toEqual({ changed: false });
    expect(refusal(() => log.outcome(id, "web", { ...said, reward: 1 }))).toMatch(/^learning\.outcome: .*another one/);
    expect(log.get(id, "web")?.outcome).toEqual({ reward: 0.5, definition: "solved", version: 2, constraints: { harm: 0.25 }, usage: { tokens: 4 }, delay_ms: 1_500, censored: false });
    expect(closed.map((episode) => [episode.id, episode.outcome?.usage])).toEqual([[id, { tokens: 4 }]]);
  });

  const IMPOSSIBLE: readonly (readonly [OutcomeRequest, RegExp])[] = [
    [{ reward: Number.NaN }, /reward: NaN/], [{ reward: 1.0001 }, /reward: 1\.0001 is not within 0 and 1/], [{ reward: 1, constraints: { cost: 1 } }, /constraints\.cost/],
    [{ reward: 1, constraints: { harm: 2 } }, /constraints\.harm: 2/], [{ reward: 1, executed: "huge" }, /no arm huge/],
  ];
  test("attack: a reward that is no number or out of bounds, a constraint or an arm that nobody declared", () => {
    const { episode: { id } } = log.record(DECIDED);
    for (const [said, wanted] of IMPOSSIBLE) expect(refusal(() => log.outcome(id, null, said))).toMatch(wanted);
    expect(log.get(id, null)?.outcome).toBeNull();
  });

  test("attack: of somebody else's episode, or of one that is not there", () => {
    const { episode: { id } } = log.record(DECIDED);
    for (const [name, sees] of [[id, "other"], ["ep-0mwt4ouo0-zz", null], ["nonsense", null]] as const) expect(refusal(() => log.outcome(name, sees, { reward: 1 }))).toMatch(/^request\.not_found/);
    expect([log.get(id, "other"), log.get(id, "web")?.outcome]).toEqual([null, null]);
  });

  test("that does not come in time is censored, with what was reserved as used; one that comes later is refused", async () => {
    const { episode: { id } } = log.record(DECIDED);
    const inTime = log.record(DECIDED).episode.id;
    now_ms += 60_000;
    expect(log.outcome(inTime, null, { reward: 1 })).toEqual({ changed: true });
    now_ms += 1;
    expect(refusal(() => log.outcome(id, null, { reward: 1 }))).toMatch(/^learning\.outcome: .*counts as censored/);
    expect(log.get(id, null)?.outcome).toEqual({ reward: null, definition: "solved", version: 2, constraints: {}, usage: { tokens: 9 }, delay_ms: 60_000, censored: true });
    const third = log.record(DECIDED).episode.id;
    await reopen();
    now_ms += 60_001;
    // Read by somebody, or swept: no timer was needed.
    expect(all().map(({ id: each, outcome }) => [each, outcome?.censored])).toEqual([[id, true], [inTime, false], [third, true]]);
    expect([log.counts(), closed.length]).toEqual([{ kept: 3, open: 0 }, 3]);
  });

  test("that says another arm ran marks the episode as forced, and nothing is learned from it", () => {
    const { episode: { id } } = log.record(DECIDED);
    log.outcome(id, null, { reward: 1, executed: "small" });
    const episode = log.get(id, null)!;
    expect([episode.drawn, episode.executed, episode.forced, episode.propensity, learnable(episode)]).toEqual(["large", "small", "fallback", 1, false]);
  });
});

describe("learnable", () => {
  const made = (change: Partial<Decision>, reward: number | null = 1): Episode => {
    const { episode: { id } } = log.record({ ...DECIDED, ...change });
    log.outcome(id, null, { reward });
    return log.get(id, null)!;
  };
  test("is a drawn episode with a reward of the definition asked for; forced, open, censored and others are not", () => {
    const good = made({});
    const open = log.record(DECIDED).episode;
    const bad = [made({}, null), made({ forced: "guard" }), made({ forced: "only-arm", eligible: [{ arm: "large", propensity: 1 }] }), open];
    expect([learnable(good), learnable(good, { name: "solved", version: 2 }), learnable(good, { name: "solved", version: 1 }), ...bad.map((each) => learnable(each))]).toEqual([true, true, false, false, false, false, false]);
    expect(bad[1]?.propensity).toBe(1);
  });
});

describe("reports", () => {
  test("all or none, named by place; the same again changes nothing, another one under its key is refused", () => {
    const two = [{ ...REPORT, outcome: { reward: 1 } }, { ...REPORT, key: "k2", forced: "guard" as const }];
    const first = reportEpisodes(reporting(), "web", two);
    expect(first.episodes.map(({ key, changed }) => [key, changed])).toEqual([["k1", true], ["k2", true]]);
    expect(reportEpisodes(reporting(), "web", two).episodes).toEqual(first.episodes.map((each) => ({ ...each, changed: false })));
    expect(refusal(() => reportEpisodes(reporting(), "web", [{ ...REPORT, key: "k3" }, { ...REPORT, executed: "large" }]))).toMatch(/^learning\.episode: episodes\[1\]: key: it stands for ep-/);
    // Another tenant's names are their own.
    expect(reportEpisodes(reporting(), "shop", [{ ...REPORT, executed: "large" }]).episodes[0]?.changed).toBe(true);
    expect(all().map(({ space, executed, outcome }) => [space, executed, outcome?.reward])).toEqual([["web", "small", 1], ["web", "small", undefined], ["shop", "large", undefined]]);
  });

  test("attack: of a clock that was set: too far ahead, or so old that its time is over", () => {
    const at = (at_ms: number) => refusal(() => reportEpisodes(reporting(), "web", [{ ...REPORT, key: `k${at_ms}`, at_ms }]));
    expect([at(now_ms + 60_001), at(now_ms - 60_001), at(0)]).toEqual([expect.stringMatching(/ahead of/), expect.stringMatching(/its time is over/), expect.stringMatching(/its time is over/)]);
    expect([at(now_ms + 60_000), at(now_ms - 60_000)]).toEqual(["taken", "taken"]);
  });

  test("attack: of what this daemon decides itself, and of a router that is not configured", () => {
    expect(refusal(() => reportEpisodes(reporting(), "web", [{ ...REPORT, router: "gate" }]))).toMatch(/this daemon's own/);
    expect(refusal(() => reportEpisodes(reporting(), "web", [{ ...REPORT, router: "nobody" }]))).toMatch(/none called nobody/);
    const { episode } = log.record({ ...DECIDED, router: { ...ROUTER, id: "gate" } });
    expect(refusal(() => reportOutcome({ log }, episode.id, null, { reward: 1 }))).toMatch(/this daemon's own/);
  });

  test("attack: one space fills the log, and the others go on", async () => {
    await reopen(2);
    log.record(DECIDED);
    log.record(DECIDED);
    expect(refusal(() => log.record(DECIDED))).toMatch(/^tenant\.budget: 2 episodes of web/);
    expect(refusal(() => log.record({ ...DECIDED, space: "shop" }))).toBe("taken");
    await log.expire(now_ms + 1);
    expect([refusal(() => log.record(DECIDED)), all().length]).toEqual(["taken", 1]);
  });
});

test("pages hold one space, one router, one split, and go on behind the last; more than a batch expires whole", async () => {
  log.recordAll(() => {
    for (let i = 0; i < 230; i += 1) {
      if (i % 3 === 0) now_ms += 1;
      log.record({ ...DECIDED, space: i % 2 === 0 ? "web" : "shop", ...(i % 5 === 0 ? { router: MANY, eligible: [{ arm: MANY.arms[0]!.id, propensity: 1 }], drawn: MANY.arms[0]!.id, executed: MANY.arms[0]!.id } : {}) });
    }
  });
  const query = { router: null, split: "all", sees: "web" } as const;
  const first = log.page(query);
  expect([first.episodes.length, first.episodes.every(({ space }) => space === "web")]).toEqual([100, true]);
  const rest = log.page({ ...query, after: first.next! });
  expect([rest.episodes.length, rest.next]).toEqual([15, null]);
  expect(new Set([...first.episodes, ...rest.episodes].map(({ id }) => id)).size).toBe(115);
  expect(log.page({ router: "many", split: "all", sees: null }).episodes.length).toBe(46);
  const halves = (["search", "safety"] as const).map((split) => [...log.read({ router: null, split, sees: null })].length);
  expect(halves[0]! + halves[1]!).toBe(230);
  // Half each, by a key: 230 fair coins are within 5 standard deviations of 115 but once in a million keys.
  expect(Math.abs(halves[0]! - 115)).toBeLessThan(38);
  log.recordAll(() => Array.from({ length: 70 }, () => log.record(DECIDED)));
  expect([await log.expire(now_ms + 1), log.counts()]).toEqual([300, { kept: 0, open: 0 }]);
});

test("attack: a page is read of a log in which one waited too long for its outcome, on a disk that is full, too", async () => {
  const query = { router: null, split: "all", sees: null } as const;
  const rewards = (): unknown[] => log.page(query).episodes.map(({ outcome }) => outcome?.censored ?? null);
  log.record(DECIDED);
  now_ms += 60_001;
  await store.close();
  openLog(1000, Number.MAX_SAFE_INTEGER);
  expect([rewards(), refusal(() => log.record(DECIDED))]).toEqual([[null], expect.stringMatching(/^store\.no_space/)]);
  await reopen();
  expect([rewards(), log.counts().open]).toEqual([[true], 0]);
});

test("attack: a small tenant's page in a large log holds nobody up, misses nothing, and names no place of another's", async () => {
  log.recordAll(() => {
    for (let i = 0; i < 1_100; i += 1) log.record({ ...DECIDED, space: [0, 600, 1_029].includes(i) ? "shop" : i % 2 === 0 ? "web" : "api" });
  });
  const query = { router: null, split: "all", sees: "shop" } as const;
  // One turn ends before the log does; a page has several, and others run in between.
  expect([log.page(query).episodes.length, log.page(query).next === null]).toEqual([1, false]);
  let others = 0;
  setImmediate(() => (others += 1));
  const { episodes, next } = await log.pageInTurns(query);
  expect([episodes.length, next, others]).toEqual([3, null, 1]);
  expect((await log.pageInTurns({ ...query, sees: null })).episodes.length).toBe(100);
  const gone = new AbortController();
  setImmediate(() => gone.abort());
  expect(await log.pageInTurns(query, gone.signal).catch((error: unknown) => (error instanceof MaestroError ? error.code : error))).toBe("request.cancelled");
});

test("what is past its time goes with everything kept of it, and an open one is closed first", async () => {
  reportEpisodes(reporting(), "web", [{ ...REPORT, outcome: { reward: 1 } }]);
  const eligible = MANY.arms.map(({ id }) => ({ arm: id, propensity: 1 / 64 }));
  log.record({ ...DECIDED, router: MANY, eligible, drawn: eligible[0]!.arm, executed: eligible[0]!.arm });
  now_ms += 1_000;
  const { episode: young } = log.record(DECIDED);
  expect(await log.expire(T0 + 1)).toBe(2);
  expect([all().map(({ id }) => id), closed.map(({ outcome }) => outcome?.censored)]).toEqual([[young.id], [false, true]]);
  const left = ["episodes", "episodes.parts", "episodes.outcomes", "episodes.open", "episodes.keys", "episodes.spaces"].map((name) => store.scanner.count(name));
  expect(left).toEqual([1, 0, 0, 1, 0, 1]);
});

test("attack: a repair left out a piece of one episode, and no other could be read, closed or removed any more", async () => {
  const eligible = MANY.arms.map(({ id }) => ({ arm: id, propensity: 1 / 64 }));
  const torn = log.record({ ...DECIDED, router: MANY, eligible, drawn: eligible[0]!.arm, executed: eligible[0]!.arm }).episode;
  const whole = log.record(DECIDED).episode;
  await store.close();
  const bare = openStore({ state_dir: dir, limits: { ...Value.Create(StoreLimits), free_bytes_min: 1 }, fatal: () => undefined });
  const { parts } = openEpisodeTables(bare);
  bare.atomic(() => parts.remove([T0, Number(torn.id.split("-")[2]), 1]));
  await bare.close();
  openLog();
  expect([all().map(({ id }) => id), log.page({ router: null, split: "all", sees: null }).episodes.length]).toEqual([[whole.id], 1]);
  expect(refusal(() => log.get(torn.id, null))).toMatch(/^store\.corrupt/);
  now_ms += 60_001;
  expect([await log.censorInTurns(), closed.map(({ id }) => id), await log.expire(now_ms), log.counts()]).toEqual([2, [whole.id], 2, { kept: 0, open: 0 }]);
});

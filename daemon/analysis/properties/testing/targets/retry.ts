/** The reporter as a target: a host that refuses or takes what it is told, over real evidence. */
import { gateId } from "../../../../../proto/change.ts";
import { toBase64 } from "../../../../../proto/encoding.ts";
import { MaestroError } from "../../../../../proto/errors.ts";
import type { FeedEntry } from "../../../../../proto/feed.ts";
import type { ReporterState } from "../../../../../proto/status.ts";
import { Reporter } from "../../../../reporter/reporter.ts";
import { makeBundle, newRing, NOW, SAMPLE_IDENTITY, trustWith } from "../../../../testing/evidence.ts";

const TRIES_MAX = 10;
const WAIT_MS_MAX = 300_000;
const DICE_MAX = 1_000;
const ring = newRing();
const trust = trustWith(ring, (body) => ({ ...body, keys: body.keys.map((key) => ({ ...key, modes: ["host", "local"] as const, repository_ids: ["*"] })) }) as typeof body);
const gate_id = gateId(SAMPLE_IDENTITY);
const bundle = toBase64(makeBundle(ring, { mode: "host", attempt: { attempt: 1, supersedes: null } }));

/** One verdict, given again and again: a new place in the feed each time. */
const entry = (place: number): FeedEntry => ({ place, gate_id, attempt: 1, repo_id: SAMPLE_IDENTITY.repo_id, head: SAMPLE_IDENTITY.head, verdict: "hold" });

/** What the host does next, and what became of it. */
class World {
  state: ReporterState = { v: 1, next: 0, published: 0, dead: [], dead_total: 0 };
  takes = true;
  random = 0;

  save(state: ReporterState): void {
    this.state = state;
  }

  readonly reporter = new Reporter(
    {
      feed: (after) => Promise.resolve({ next: after + 1, more: false, total: after + 2, entries: [entry(after), entry(after + 1)].filter(({ place }) => place <= this.state.next) }),
      bundle: () => Promise.resolve({ gate_id, attempt: 1, bundle }),
      trust: () => trust,
      publishes: () => true,
      publish: () => (this.takes ? Promise.resolve() : Promise.reject(new MaestroError("egress.failed", "503"))),
      cursor: this,
      now_ms: () => NOW.getTime(),
      random: () => this.random,
      tell: () => undefined,
    },
    1,
  );
}

interface Retry {
  readonly world: World;
  /** The verdict that was told last, and how long to wait before the next try. */
  readonly place: number;
  readonly wait_ms: number;
  readonly attempt: number;
  readonly attempts_max: number;
  readonly waited: number;
  readonly backoff_max: number;
}

/** The next try, and the pause after it. */
async function tried(before: Retry, takes: boolean, dice: number): Promise<Retry> {
  const { world } = before;
  const place = world.state.next;
  const again = place === before.place;
  world.takes = takes;
  world.random = dice / DICE_MAX;
  const { wait_ms } = await world.reporter.step();
  return { ...before, place, wait_ms: Math.ceil(wait_ms), attempt: again ? before.attempt + 1 : 1, waited: again ? before.wait_ms : 0 };
}

export const retry = {
  init: (): Retry => ({ world: new World(), place: -1, wait_ms: 0, attempt: 0, attempts_max: TRIES_MAX, waited: 0, backoff_max: WAIT_MS_MAX }),
  /** `down`: refused so many times in a row, or until the verdict that is tried is given up. */
  async step(before: Retry, action: "refused" | "taken" | "down", { dice = 0, tries = 1 }: { readonly dice?: number; readonly tries?: number }): Promise<Retry> {
    let now = await tried(before, action === "taken", dice);
    for (let more = 1; action === "down" && more < tries && now.world.state.next === now.place; more++) now = await tried(now, false, dice);
    return now;
  },
};

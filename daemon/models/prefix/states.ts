/**
 * Which saved states there are, which one serves a prompt, and which go when room is needed. No disk and no chance.
 * A state is found by the digests of the blocks that it holds, which are made from its scope's digest on: nothing is found across scopes.
 */

export interface SavedState {
  /** Names it, in every order that decides. */
  readonly id: string;
  readonly scope: string;
  /** Whose bytes it counts to. */
  readonly tenant: string | null;
  /** Digests of the prefixes that it can serve, shortest first (`chainOf`). */
  readonly chain: readonly string[];
  readonly bytes: number;
  /** Microseconds that evaluating its tokens took: what it costs to miss. */
  readonly cost_us: number;
}

export interface StateLimits {
  readonly bytes_max: number;
  /** Of these no tenant loses any for another's, */
  readonly floor_bytes: number;
  /** unless it kept and used none for so long: a tenant that is gone takes room from nobody. */
  readonly floor_idle_ms: number;
  /** By the wall clock: uses are told across restarts. */
  readonly now_ms: () => number;
}

/** `kept` is false where no room could be made without going below somebody's floor, or another one serves all that it would. */
export interface Put {
  readonly kept: boolean;
  readonly removed: readonly string[];
}

/**
 * Least recently used, weighed by the cost of a miss: of the oldest few, and never of the newer half, one goes before the oldest that saves
 * at most half the time for each byte. States of one model differ less than that, and then this is LRU (measured on the public trace: bench/mooncake.corpora.ts).
 */
const OLDEST_WEIGHED = 8;
const MUCH_CHEAPER = 2;

interface Held {
  readonly states: Map<string, SavedState>;
  bytes: number;
  used_ms: number;
}

const worth = ({ cost_us, bytes }: SavedState): number => cost_us / bytes;

export class PrefixStates {
  /** Of each tenant, least recently used first. */
  private readonly tenants = new Map<string | null, Held>();
  private readonly all = new Map<string, { readonly state: SavedState; used: number }>();
  /** States by each digest of their chains. */
  private readonly holders = new Map<string, Set<string>>();
  private uses = 0;
  private total = 0;

  constructor(private readonly limits: StateLimits) {}

  get bytes(): number {
    return this.total;
  }

  get count(): number {
    return this.all.size;
  }

  get(id: string): SavedState | undefined {
    return this.all.get(id)?.state;
  }

  bytesOf(tenant: string | null): number {
    return this.tenants.get(tenant)?.bytes ?? 0;
  }

  /** The state that serves most of `chain`, which must be one of `scope`, and how many of its blocks; of several the first by id. */
  find(scope: string, chain: readonly string[]): { readonly state: SavedState; readonly blocks: number } | null {
    for (let blocks = chain.length; blocks > 0; blocks--) {
      // The scope stands in every digest already; it is compared as well, because so much hangs on it.
      const ids = [...(this.holders.get(chain[blocks - 1] ?? "") ?? [])].filter((id) => this.get(id)?.scope === scope);
      const first = ids.reduce<string | null>((least, id) => (least === null || id < least ? id : least), null);
      const state = first === null ? undefined : this.get(first);
      if (state !== undefined) return { state, blocks };
    }
    return null;
  }

  touch(id: string): void {
    const entry = this.all.get(id);
    if (entry === undefined) return;
    entry.used = ++this.uses;
    const held = this.tenants.get(entry.state.tenant);
    if (held === undefined) return;
    held.used_ms = this.limits.now_ms();
    held.states.delete(id);
    held.states.set(id, entry.state);
  }

  /** `used_ms`: when it was used last, if not now. */
  put(state: SavedState, used_ms = this.limits.now_ms()): Put {
    const nothing: Put = { kept: false, removed: [] };
    const last = state.chain.at(-1);
    if (last === undefined || state.bytes <= 0 || state.bytes > this.limits.bytes_max) return nothing;
    const serves = this.find(state.scope, [last])?.state.id;
    if (serves !== undefined) return this.touch(serves), nothing;
    const removed = this.roomFor(state);
    if (removed === null) return nothing;
    for (const id of removed) this.drop(id);
    this.add(state, used_ms);
    return { kept: true, removed };
  }

  drop(id: string): void {
    const entry = this.all.get(id);
    if (entry === undefined) return;
    const { tenant, chain, bytes } = entry.state;
    this.all.delete(id);
    this.total -= bytes;
    const held = this.tenants.get(tenant);
    if (held !== undefined) {
      held.states.delete(id);
      held.bytes -= bytes;
      if (held.states.size === 0) this.tenants.delete(tenant);
    }
    for (const digest of chain) {
      const ids = this.holders.get(digest);
      ids?.delete(id);
      if (ids?.size === 0) this.holders.delete(digest);
    }
  }

  private add(state: SavedState, used_ms: number): void {
    const { id, tenant, chain, bytes } = state;
    const held = this.tenants.get(tenant) ?? { states: new Map(), bytes: 0, used_ms };
    this.tenants.set(tenant, held);
    held.used_ms = Math.max(held.used_ms, used_ms);
    held.states.set(id, state);
    held.bytes += bytes;
    this.total += bytes;
    this.all.set(id, { state, used: ++this.uses });
    for (const digest of chain) {
      const ids = this.holders.get(digest) ?? new Set();
      this.holders.set(digest, ids.add(id));
    }
  }

  /** What goes for it: first what it makes needless, then what is least worth keeping; null where that would not be enough. */
  private roomFor(state: SavedState): string[] | null {
    const gone = new Map(this.contained(state).map((one) => [one.id, one]));
    const left = (tenant: string | null): number => this.bytesOf(tenant) - [...gone.values()].reduce((sum, one) => sum + (one.tenant === tenant ? one.bytes : 0), 0);
    let free = this.limits.bytes_max - this.total + [...gone.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    while (free < state.bytes) {
      const victim = this.victim(state.tenant, gone, left);
      if (victim === null) return null;
      gone.set(victim.id, victim);
      free += victim.bytes;
    }
    return [...gone.keys()];
  }

  /** States of the same scope that hold nothing it does not hold. */
  private contained({ scope, chain }: SavedState): SavedState[] {
    const within: SavedState[] = [];
    for (const digest of chain.slice(0, -1)) {
      for (const id of this.holders.get(digest) ?? []) {
        const one = this.get(id);
        if (one !== undefined && one.scope === scope && one.chain.at(-1) === digest) within.push(one);
      }
    }
    return within;
  }

  /** The oldest that may go for `payer`, or one nearly as old whose loss costs much less for each byte. */
  private victim(payer: string | null, gone: ReadonlyMap<string, SavedState>, left: (tenant: string | null) => number): SavedState | null {
    const oldest: { readonly state: SavedState; readonly used: number }[] = [];
    const since_ms = this.limits.now_ms() - this.limits.floor_idle_ms;
    for (const [tenant, { states, used_ms }] of this.tenants) {
      const above = tenant === payer ? Number.POSITIVE_INFINITY : left(tenant) - (used_ms < since_ms ? 0 : this.limits.floor_bytes);
      if (above <= 0) continue;
      let seen = 0;
      for (const state of states.values()) {
        if (gone.has(state.id) || state.bytes > above) continue;
        oldest.push({ state, used: this.all.get(state.id)?.used ?? 0 });
        if (++seen === OLDEST_WEIGHED) break;
      }
    }
    const [first, ...others] = oldest.sort((one, other) => one.used - other.used).slice(0, Math.min(OLDEST_WEIGHED, Math.ceil((this.count - gone.size) / 2)));
    if (first === undefined) return null;
    const cheaper = others.filter(({ state }) => worth(state) * MUCH_CHEAPER <= worth(first.state));
    return cheaper.reduce((least, one) => (worth(one.state) < worth(least.state) ? one : least), first).state;
  }
}

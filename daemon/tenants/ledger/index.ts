/** What tenants spend: reserved before the work, settled after it, charged in full where the daemon died in between; each step in one transaction. */
import { Type, type Static } from "@sinclair/typebox";
import { CAPABILITY_LIFE_S_MAX } from "../../../proto/capability.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { Closed, Count, Sha256Hex } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import type { ActionGuard } from "../../platform/action-guard.ts";
import { acted } from "../../platform/actions/index.ts";
import { LAST_TEXT, type Table } from "../../store/table.ts";
import type { Account } from "../principal.ts";
import { AccountRow, Amount, type Bill, billed, ChangeRow, counted, emptyAccount, emptyChange, NOTHING, owes, remaining, reserved, rolled, settled, shortfall } from "./core.ts";
import { promised } from "./guarded.ts";
import { type Held, openHeld } from "./held.ts";
import { askedFor, tell } from "./seen.ts";

const Line = Closed({ account: Type.String({ maxLength: 256 }), window_s: Type.Union([Count, Type.Null()]) });
/** `until_s` stands where the work is done elsewhere: then a daemon's end says nothing of it. */
const ReservationRow = Closed({ amount: Amount, lines: Type.Array(Line, { maxItems: 4 }), change: Type.Optional(Sha256Hex), payer: Type.Optional(Type.String({ maxLength: 256 })), until_s: Type.Optional(Count) });

/** An account of a token is kept this long after it was last used: longer than a token may live. */
const IDLE_S_MAX = CAPABILITY_LIFE_S_MAX + 86_400;
/** What a change cost is kept this long after it was last worked on. */
const CHANGE_IDLE_S_MAX = 400 * 86_400;
/** Looked at in one go, of which there is one at the start and one with every so many settlements: however many tokens there were, no request waits for all of them. */
const SWEEP_ROWS = 256;
/** Shares of one change that are read: tenants are the operator's to name, and a change of a repository of one's own has one. */
const PAYERS_MAX = 1_024;
const SWEEP_SETTLEMENTS = 64;

export interface Ledger {
  /** Promises `amount` to every account, or to none, for work on the change of `bill`. Durable on return. Throws `tenant.budget`, saying when to come again. */
  reserve(accounts: readonly Account[], amount: Amount, bill?: Bill): number;
  /** Replaces the promise by what was used, and does `beside` with it. `false` where it was settled or released before: nothing is counted twice. */
  settle(id: number, used: Amount, beside?: () => void): boolean;
  /**
   * Promises `amount` for work that others do, under a `name` of theirs that was never held before. It outlives this
   * daemon, and is charged in full where nobody settled it by `until_s`. Throws `tenant.budget`.
   */
  hold(name: string, accounts: readonly Account[], amount: Amount, until_s: number): void;
  /** Replaces what is held by what was used, `null`: all of it; gives back what was promised, `null` where nothing is held under that name any more. */
  settleHeld(name: string, used: Amount | null): Amount | null;
  /** What stands promised under a name, as it is written down; `null` where nothing does. */
  standing(name: string): Amount | null;
  /** Why `amount` would not be promised now; null where it would. Promises nothing. */
  short(accounts: readonly Account[], amount: Amount): string | null;
  /** What an account has left now, of what its budget limits. Promises nothing. */
  left(account: Account): ReturnType<typeof remaining>;
  account(key: string): AccountRow | undefined;
  /** What work on a change took so far, whoever paid for it. */
  change(key: string): ChangeRow | undefined;
  /** What of it is each payer's; less than all of it where some was billed before shares were kept. */
  shares(change: string): readonly Share[];
  /** Promises that stand. */
  open(): number;
}

/** A change, and who pays for this part of it. */
type Part = readonly [change: string, payer: string];

export interface Share extends ChangeRow {
  readonly payer: string;
}

export interface LedgerDeps {
  readonly store: Store;
  /** Asked of each promise before it is kept. */
  readonly act?: ActionGuard | undefined;
  /** Seconds that count as now: never before what was logged, so that a clock set back gives nothing back. */
  readonly now_s: () => number;
  /** Promises for work done elsewhere that may stand; of tests alone. */
  readonly held_max?: number;
}

/**
 * Opens the ledger and charges in full what a dead daemon had promised: nothing else holds the state folder, so every
 * reservation found here is one whose work ended with its process. How much of it was used died too, and a change that
 * brings its daemon down must not work for nothing. It is charged to the window of this start, as a settlement would be.
 */
export function openLedger({ store, now_s, act, held_max }: LedgerDeps): Ledger {
  const accounts = store.table<string, typeof AccountRow>("ledger_accounts", AccountRow);
  const reservations = store.table<number, typeof ReservationRow>("ledger_reservations", ReservationRow);
  const changes = store.table<string, typeof ChangeRow>("ledger_changes", ChangeRow);
  const parts = store.table<Part, typeof ChangeRow>("ledger_change_payers", ChangeRow);

  const partsOf = (change: string) => [...parts.entries({ start: [change, ""], end: [change, LAST_TEXT], limit: PAYERS_MAX })];

  function accountOf({ key, window_s }: Pick<Account, "key" | "window_s">): AccountRow {
    return rolled(accounts.get(key) ?? emptyAccount(now_s()), window_s, now_s());
  }

  function close(id: number, { amount, lines, change, payer, until_s }: Static<typeof ReservationRow>, used: Amount, died: boolean): void {
    if (change !== undefined) changes.put(change, billed(changes.get(change) ?? emptyChange(now_s()), used, died, now_s()));
    if (change !== undefined && payer !== undefined) parts.put([change, payer], billed(parts.get([change, payer]) ?? emptyChange(now_s()), used, died, now_s()));
    for (const { account, window_s } of lines) accounts.put(account, counted(settled(accountOf({ key: account, window_s: inForce(accounts, account) ?? window_s }), amount, used, now_s()), until_s === undefined ? 0 : -1));
    reservations.remove(id);
  }

  const found = [...reservations.entries()];
  const stale = found.filter(({ value }) => value.until_s === undefined);
  // What others work on goes on under its number.
  let last = found.findLast(({ value }) => value.until_s !== undefined)?.key ?? 0;
  if (stale.length > 0) store.atomic(() => stale.forEach(({ key, value }) => close(key, value, value.amount, true)));
  if (acted !== null) tell(accounts, now_s, "Open", { stale: stale.map(({ key }) => key) }, stale.flatMap(({ value }) => value.lines.map(({ account }) => account)));
  let settlements = 0;
  const sweep = sweeper({ store, accounts, changes, parts, partsOf, now_s });
  sweep();
  const take = taker({ accounts, accountOf, now_s, act });

  function reserve(asked: readonly Account[], amount: Amount, more: Partial<Bill> & { readonly until_s?: number }, kept?: (id: number) => void): number {
    const id = ++last;
    store.atomic(() => {
      for (const account of asked) take(account, amount, asked, more.until_s !== undefined);
      reservations.put(id, { amount, lines: asked.map(({ key, window_s }) => ({ account: key, window_s })), ...more });
      kept?.(id);
    });
    if (acted !== null) tell(accounts, now_s, "Reserve", { id, ...askedFor(amount, asked) }, asked.map(({ key }) => key));
    return id;
  }

  /** `used` null: all that was promised. */
  function settle(id: number, used: Amount | null, beside?: () => void): Amount | null {
    const row = store.atomic(() => {
      const open = reservations.get(id);
      if (open === undefined) return open;
      close(id, open, used ?? open.amount, false);
      beside?.();
      return open;
    });
    if (acted !== null) tell(accounts, now_s, row === undefined ? "SettleAgain" : "Settle", { id, used: used ?? row?.amount ?? NOTHING }, row?.lines.map(({ account }) => account) ?? []);
    return row?.amount ?? null;
  }

  return {
    reserve: (asked, amount, bill) => reserve(asked, amount, bill ?? {}),
    ...holding({ store, held: openHeld(store, held_max), heldBy: (key) => accounts.get(key)?.held ?? 0, promisedAs: (id) => reservations.get(id)?.amount ?? null, reserve, settle, now_s }),
    settle(id, used, beside) {
      const amount = settle(id, used, beside);
      if (++settlements % SWEEP_SETTLEMENTS === 0) sweep();
      return amount !== null;
    },
    short: (asked, amount) => shortOf(asked, amount, accountOf, now_s()),
    left: (account) => remaining(accountOf(account), account.budget),
    account: (key) => accounts.get(key),
    change: (key) => changes.get(key),
    shares: (change) => partsOf(change).map(({ key: [, payer], value }) => ({ ...value, payer })),
    open: () => reservations.count(),
  };
}

/** Length of an account's window: that of an hour's budget long ago would begin a day's anew, with all of it. */
const inForce = (accounts: Table<string, AccountRow>, key: string): number | undefined => accounts.get(key)?.window_s;

interface Taking extends Pick<LedgerDeps, "now_s" | "act"> {
  readonly accounts: Table<string, AccountRow>;
  readonly accountOf: (account: Account) => AccountRow;
}

/** Promises `amount` to one of the accounts that were asked. Throws `tenant.budget`. */
function taker({ accounts, accountOf, now_s, act }: Taking): (account: Account, amount: Amount, asked: readonly Account[], held: boolean) => void {
  return (account, amount, asked, held) => {
    const row = accountOf(account);
    const short = shortfall(row, account.budget, amount);
    if (short !== null) {
      if (acted !== null) tell(accounts, now_s, "Refuse", { ...askedFor(amount, asked), dimension: short.dimension }, []);
      throw refusal(account, short, now_s());
    }
    const taken = { ...reserved(row, amount, now_s()), ...(account.window_s === null ? {} : { window_s: account.window_s }) };
    if (act !== undefined) promised(act, account, taken);
    accounts.put(account.key, counted(taken, held ? 1 : 0));
  };
}

function shortOf(asked: readonly Account[], amount: Amount, accountOf: (account: Account) => AccountRow, now_s: number): string | null {
  for (const account of asked) {
    const short = shortfall(accountOf(account), account.budget, amount);
    if (short !== null) return refusal(account, short, now_s).detail;
  }
  return null;
}

interface Holding {
  readonly store: Pick<Store, "atomic">;
  readonly held: Held;
  readonly heldBy: (account: string) => number;
  readonly promisedAs: (id: number) => Amount | null;
  readonly reserve: (asked: readonly Account[], amount: Amount, more: { readonly until_s: number }, kept: (id: number) => void) => number;
  readonly settle: (id: number, used: Amount | null) => Amount | null;
  readonly now_s: () => number;
}

/** Promises for work done elsewhere; those whose time was over when it is opened are charged. */
function holding({ store, held, heldBy, promisedAs, reserve, settle, now_s }: Holding): Pick<Ledger, "hold" | "settleHeld" | "standing"> {
  const settleHeld = (name: string, used: Amount | null): Amount | null =>
    store.atomic(() => {
      const id = held.take(name);
      return id === null ? null : settle(id, used);
    });
  const expire = (): void => held.due(now_s()).forEach((name) => settleHeld(name, null));
  expire();
  return {
    hold(name, asked, amount, until_s) {
      expire();
      const most = () => asked.map(({ key }) => ({ key, held: heldBy(key) })).reduce((most, each) => (each.held > most.held ? each : most), { key: "", held: 0 });
      reserve(asked, amount, { until_s }, (id) => held.put(name, { id, until_s }, most()));
    },
    settleHeld,
    standing(name) {
      const id = held.get(name);
      return id === null ? null : promisedAs(id);
    },
  };
}

interface Swept {
  readonly store: Store;
  readonly accounts: Table<string, AccountRow>;
  readonly changes: Table<string, ChangeRow>;
  readonly parts: Table<Part, ChangeRow>;
  readonly partsOf: (change: string) => readonly { readonly key: Part }[];
  readonly now_s: () => number;
}

/** Forgets what nobody used for long, some rows at each call; it begins anew behind the last row. */
function sweeper({ store, accounts, changes, parts, partsOf, now_s }: Swept): () => void {
  let swept = "";
  let swept_change = "";
  const forget = (change: string): void => {
    for (const { key } of partsOf(change)) parts.remove(key);
    changes.remove(change);
  };
  return () => {
    const rows = [...accounts.entries({ start: swept, limit: SWEEP_ROWS })];
    const forgotten = [...changes.entries({ start: swept_change, limit: SWEEP_ROWS })];
    const old = forgotten.filter(({ value }) => value.touched_s < now_s() - CHANGE_IDLE_S_MAX);
    if (old.length > 0) store.atomic(() => old.forEach(({ key }) => forget(key)));
    swept_change = forgotten.length < SWEEP_ROWS ? "" : (forgotten.at(-1)?.key ?? "");
    const idle = rows.filter(({ value }) => value.touched_s < now_s() - IDLE_S_MAX && !owes(value.reserved));
    if (idle.length > 0) store.atomic(() => idle.forEach(({ key }) => accounts.remove(key)));
    swept = rows.length < SWEEP_ROWS ? "" : (rows.at(-1)?.key ?? "");
  };
}

function refusal({ key, window_s }: Account, { dimension, wanted, left }: { readonly dimension: string; readonly wanted: number; readonly left: number }, now_s: number): MaestroError {
  const short = `${key}: ${left} of ${dimension} are left, the work may take ${wanted}`;
  if (window_s === null) return new MaestroError("tenant.budget", `${short}; this budget is not refilled`);
  const again_s = window_s - (now_s % window_s);
  return new MaestroError("tenant.budget", `${short}; it is refilled in ${again_s} s`, { retry_after_s: again_s });
}

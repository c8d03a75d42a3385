/** Tenants of a build host: who asks, what it may, how fast, and what it spends. */
import { Value } from "@sinclair/typebox/value";
import type { Limits } from "../../proto/config.ts";
import type { BudgetLeft } from "../../proto/usage.ts";
import { type SocketRole, TenantLimits, type Verb } from "../../proto/tenant.ts";
import type { Host } from "../config/host.ts";
import type { ActionGuard } from "../platform/action-guard.ts";
import type { Clock } from "../platform/clock.ts";
import type { Peer } from "../platform/socket/index.ts";
import type { Store } from "../store/db.ts";
import { timestampOf } from "../verifier/time.ts";
import { accountOf, Admission } from "./admission.ts";
import type { Amount, Bill } from "./ledger/core.ts";
import { type Ledger, openLedger } from "./ledger/index.ts";
import { Lines } from "./lines.ts";
import { pay, type Payer, type Spent, type Taken } from "./meter.ts";
import type { Principal } from "./principal.ts";
import { TenantTable } from "./table.ts";
import { type Credential, Tokens } from "./tokens.ts";

export { localRepositoryId, maySee, mayUse, notBoundTo, type Principal } from "./principal.ts";
export type { Amount, Bill } from "./ledger/core.ts";
export type { Spent } from "./meter.ts";
export { credentialOf, type Credential } from "./tokens.ts";

export interface TenantDeps {
  readonly host: Pick<Host, "tenants" | "capabilities" | "oidc" | "people"> & { readonly limits: Pick<Limits, "tenant"> };
  /** What tokens and records are for: the daemon's own trust domain. */
  readonly trust_domain: string;
  readonly own_uid: number;
  readonly store: Store;
  readonly clock: Pick<Clock, "monotonic_ms">;
  /** Seconds that count as now wherever something expires. */
  readonly now_s: () => number;
  readonly warn: (what: string, error: unknown) => void;
  /** See `LedgerDeps`. */
  readonly act?: ActionGuard;
  /** See `MeterDeps`. */
  readonly taken?: Taken;
}

type TokenSources = Pick<Host, "capabilities" | "oidc">;

export interface Tenants {
  /** See `Admission.admit`. */
  admit(peer: Pick<Peer, "uid" | "gid" | "groups">, role: SocketRole, needs: readonly Verb[], credential: Credential | null): Principal | Promise<Principal>;
  /** Whether jobs run as this user: a row of the table has it, by number or by group. */
  isTenant(peer: Pick<Peer, "uid" | "gid" | "groups">): boolean;
  /** Whether the host configuration lists somebody under this user. */
  isPerson(uid: number): boolean;
  /** A place in the tenant's line for as long as `work` takes. Throws `tenant.queue`. */
  inLine<T>(principal: Principal, work: () => Promise<T>): Promise<T>;
  /** Does the work at the expense of the principal: `worst` is reserved before, what it used is settled after, and on `bill` too. Throws `tenant.budget`. */
  pay<T>(principal: Payer, worst: Amount, work: (spent: Spent) => Promise<T>, bill?: Bill): Promise<T>;
  /** What a tenant has left of its budget now; null for one without, and for whoever is none. */
  budgetLeft(tenant: string): BudgetLeft | null;
  /** Why the principal could not pay for so much now; null where it could. */
  left(principal: Principal, amount: Amount): string | null;
  /** From the next request on: whose tokens are taken and which are revoked, with the key files read again. Throws `trust.malformed` and changes nothing. */
  believe(sources: TokenSources): Promise<void>;
  /** When all work under way is settled, or after `deadline_ms`; what is not by then is charged in full by the next start. */
  settled(deadline_ms: number): Promise<void>;
  readonly ledger: Ledger;
}

/** Throws `config.malformed` for a group this machine does not have, `trust.malformed` for keys that cannot be read. */
export async function createTenants({ host, trust_domain, own_uid, store, clock, now_s, warn, act, taken }: TenantDeps): Promise<Tenants> {
  const table = new TenantTable(host.tenants);
  const opened = ({ capabilities, oidc }: TokenSources) => Tokens.open({ capabilities, oidc, trust_domain, now_s });
  let tokens = await opened(host);
  const isPerson = (uid: number): boolean => host.people.some(({ uids = [] }) => uids.includes(uid));
  const admission = new Admission({ table, tokens: { check: (credential) => tokens.check(credential) }, limits: host.limits.tenant, own_uid, is_person: isPerson, monotonic_ms: () => clock.monotonic_ms() });
  const ledger = openLedger({ store, now_s, act });
  const lines = new Lines();
  const under_way = new Set<Promise<unknown>>();
  return {
    admit: (peer, role, needs, credential) => admission.admit(peer, role, needs, credential),
    isTenant: (peer) => table.candidates(peer).length > 0,
    isPerson,
    inLine: (principal, work) => lines.pass(principal, work),
    budgetLeft(tenant) {
      const account = table.entries.filter(({ id }) => id === tenant).map(accountOf)[0];
      if (account === undefined || account.window_s === null || Object.keys(account.budget).length === 0) return null;
      const now = now_s();
      return { refilled: timestampOf(now - (now % account.window_s) + account.window_s), ...ledger.left(account) };
    },
    left: ({ accounts }, amount) => (accounts.length === 0 ? null : ledger.short(accounts, amount)),
    believe: async (sources) => {
      tokens = await opened(sources);
    },
    pay: async (principal, worst, work, bill) => {
      const paid = pay({ ledger, clock, warn, taken }, principal, worst, work, bill);
      under_way.add(paid);
      try {
        return await paid;
      } finally {
        under_way.delete(paid);
      }
    },
    settled: async (deadline_ms) => {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, deadline_ms);
      await Promise.race([Promise.allSettled(under_way), late.promise]);
      clearTimeout(timer);
    },
    ledger,
  };
}

/** The rule where no operator wrote a table: the user the daemon runs as, and root. */
export function ownUserOnly(own_uid: number): Pick<Tenants, "admit"> {
  return new Admission({ table: new TenantTable([]), tokens: null, limits: Value.Create(TenantLimits), own_uid, is_person: () => false, monotonic_ms: () => 0 });
}

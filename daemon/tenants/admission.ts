/** From a peer, a socket's role and a token to a principal, or to a refusal that says what to do. */
import { MaestroError } from "../../proto/errors.ts";
import type { SocketRole, TenantEntry, TenantLimits, Verb } from "../../proto/tenant.ts";
import type { Peer } from "../platform/socket/index.ts";
import { Buckets } from "../platform/bucket.ts";
import { type Account, type Principal, verbsAt } from "./principal.ts";
import type { TenantTable } from "./table.ts";
import type { Credential, Grant, Tokens } from "./tokens.ts";

/** What a tenant may ask where the operator does not say. */
const DEFAULT_VERBS: readonly Verb[] = ["gate", "replay", "read", "inspect"];
const ALL_VERBS: readonly Verb[] = [...DEFAULT_VERBS, "operate", "ship"];
const WINDOW_S = { hour: 3_600, day: 86_400 } as const;
/** Buckets kept at once; those of tenants are far fewer, the rest are users whose tokens were refused. */
const BUCKETS_MAX = 32_768;

type Asker = Pick<Peer, "uid" | "gid" | "groups">;

export interface AdmissionDeps {
  readonly table: TenantTable;
  /** `null` where no table names a tenant that a token could be for. */
  readonly tokens: Pick<Tokens, "check"> | null;
  readonly limits: TenantLimits;
  readonly own_uid: number;
  /** Whether this user is the proof of somebody's releases; such a one belongs to no tenant. */
  readonly is_person: (uid: number) => boolean;
  readonly monotonic_ms: () => number;
}

const denied = (because: string): MaestroError => new MaestroError("auth.denied", because);

const limited = (what: string, retry_after_s: number): MaestroError => new MaestroError("tenant.rate", `${what}; again in ${retry_after_s} s`, { retry_after_s });

/** What a tenant's spending is counted on. */
export function accountOf({ id, budget: given }: TenantEntry): Account {
  const { window, ...budget } = given ?? { window: "day" as const };
  return { key: `tenant:${id}`, budget, window_s: WINDOW_S[window] };
}

export class Admission {
  private readonly buckets: Buckets;

  constructor(private readonly deps: AdmissionDeps) {
    this.buckets = new Buckets(deps.monotonic_ms, BUCKETS_MAX);
  }

  /**
   * Who asks, where one of `needs` is granted; nothing needed is granted to everybody who could connect.
   * Throws `auth.denied`, `auth.token`, `tenant.rate`.
   */
  admit(peer: Asker, role: SocketRole, needs: readonly Verb[], credential: Credential | null): Principal | Promise<Principal> {
    if (needs.length === 0) return this.plain(peer, role, []);
    const { table, tokens } = this.deps;
    if (credential !== null && tokens !== null && !table.empty) return this.withToken(peer, role, needs, () => tokens.check(credential));
    return this.granted(this.withoutToken(peer, role), role, needs);
  }

  private isOperator({ uid }: Asker): boolean {
    return uid === 0 || uid === this.deps.own_uid;
  }

  /** Nobody's tenant: whoever runs the daemon, or a stranger with no verb at all. */
  private plain({ uid }: Asker, role: SocketRole, verbs: readonly Verb[]): Principal {
    return { uid, tenant: null, verbs: verbsAt(role, verbs), space: String(uid), repositories: [], named: false, bound: null, accounts: [], limits: this.deps.limits };
  }

  private withoutToken(peer: Asker, role: SocketRole): Principal {
    const found = this.deps.table.candidates(peer);
    // On the admin socket whoever runs the daemon is never mistaken for one of its tenants.
    if (this.isOperator(peer) && (found.length === 0 || role === "admin")) return this.plain(peer, role, ALL_VERBS);
    const [entry, other] = found;
    if (entry === undefined) throw denied(this.stranger(peer));
    const shared = found.filter((candidate) => candidate.shared_uid === true).map(({ id }) => id);
    if (shared.length > 0) throw denied(`uid ${peer.uid} is shared (${shared.join(", ")}), so a token has to say who asks: set MAESTRO_TOKEN_FILE or give --token-file`);
    if (other !== undefined) throw denied(`uid ${peer.uid} is in groups of several tenants (${entry.id}, ${other.id}); the operator has to list it under uids of one of them`);
    return this.tenant(peer, role, entry, null);
  }

  private stranger({ uid }: Asker): string {
    if (this.deps.is_person(uid)) return `uid ${uid} is a person's proof of releases and belongs to no tenant, so no tenant's list is shown to it: release with maestro approve COMMIT --reason TEXT, of a commit that you were asked to release, or sign with a key (--key, --agent) at a maestro ui that the tenant's user runs`;
    if (this.deps.table.empty) return `uid ${uid} is not the user this daemon runs as; the operator lets others in under tenants of the host configuration`;
    return `uid ${uid} is in no tenant; the operator adds it to the host configuration: tenants: [{ id: NAME, uids: [${uid}] }]`;
  }

  private async withToken(peer: Asker, role: SocketRole, needs: readonly Verb[], check: () => Promise<Grant>): Promise<Principal> {
    const { refused_per_s: per_s, refused_burst: burst } = this.deps.limits;
    const wrong = { key: `refused ${peer.uid}`, rate: { per_s, burst } };
    if (this.buckets.empty(wrong.key, wrong.rate)) throw limited(`too many refused tokens from uid ${peer.uid}`, Math.ceil(1 / per_s));
    let grant: Grant;
    try {
      grant = await check();
    } catch (error) {
      this.buckets.take(wrong.key, wrong.rate);
      throw error;
    }
    const allowed = this.isOperator(peer) ? this.deps.table.entries : this.deps.table.candidates(peer);
    const entry = allowed.find(({ id }) => id === grant.tenant);
    // The same answer whether that tenant exists or not: a token is only as good as the user who brings it.
    if (entry === undefined) throw new MaestroError("auth.token", `uid ${peer.uid} is not tenant ${grant.tenant}, which the token is for`);
    return this.granted(this.tenant(peer, role, entry, grant), role, needs);
  }

  private tenant({ uid }: Asker, role: SocketRole, entry: TenantEntry, grant: Grant | null): Principal {
    const own = new Set(entry.verbs ?? DEFAULT_VERBS);
    const verbs = grant === null ? own : grant.verbs.filter((verb) => own.has(verb));
    const repositories = [entry.repositories, grant?.repositories].filter((list) => list !== undefined && list !== null);
    const accounts = [accountOf(entry)];
    if (grant !== null && grant.budget !== null && grant.jti !== null) accounts.push({ key: `token:${grant.jti}`, budget: grant.budget, window_s: null });
    return {
      uid,
      tenant: entry.id,
      verbs: verbsAt(role, verbs),
      // Several tenants on one user would otherwise share the names, and with them the objects, of each other's repositories.
      space: entry.shared_uid === true ? entry.id : String(uid),
      repositories,
      named: entry.repositories !== undefined || (grant !== null && grant.bound !== null),
      bound: grant?.bound ?? null,
      accounts,
      limits: { ...this.deps.limits, ...entry.limits },
    };
  }

  private granted(principal: Principal, role: SocketRole, needs: readonly Verb[]): Principal {
    const verb = needs.find((need) => principal.verbs.has(need));
    if (verb === undefined) throw denied(whyNot(principal, role, needs));
    if (principal.tenant === null || verb === "operate") return principal;
    const { limits } = principal;
    const rate = { per_s: limits[`${verb}_per_s`], burst: limits[`${verb}_burst`] };
    const wait_s = this.buckets.take(`${verb} ${principal.tenant}`, rate);
    if (wait_s !== null) throw limited(`tenant ${principal.tenant}, ${verb}: ${rate.per_s} a second, ${rate.burst} at once`, wait_s);
    return principal;
  }
}

function whyNot({ uid, tenant }: Principal, role: SocketRole, needs: readonly Verb[]): string {
  const wanted = needs.join(" or ");
  if (tenant === null) return `a socket of role ${role} takes no ${wanted}; ask on the one that does`;
  return `tenant ${tenant} (uid ${uid}) may not ${wanted} on a socket of role ${role}`;
}

/** Tokens a request may bring, and what is left of a tenant's word once one of them narrowed it. */
import { BEARER_HEADER, CAPABILITY_HEADER } from "../../proto/token.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { BoundChange, CapabilitySource, OidcIssuer, Spending, Verb } from "../../proto/tenant.ts";
import { readOperatorFile } from "../platform/operator-file.ts";
import { type Capability, notCurrent, openCapability } from "../verifier/capability.ts";
import { openTrust, type Trust } from "../verifier/trust.ts";
import { OidcVerifier } from "./oidc.ts";

export type Credential = { readonly kind: "capability" | "oidc"; readonly text: string };

/** What a token that was checked grants, at most. */
export interface Grant {
  readonly tenant: string;
  readonly verbs: readonly Verb[];
  /** `null`: what the change it is bound to names. */
  readonly repositories: readonly string[] | null;
  readonly bound: BoundChange | null;
  readonly jti: string | null;
  readonly budget: Spending | null;
}

/** The token of a request; `null` for none. Throws `auth.token` where there are two, because which one counts would be a guess. */
export function credentialOf(headers: Headers): Credential | null {
  const capability = headers.get(CAPABILITY_HEADER);
  const bearer = headers.get(BEARER_HEADER);
  if (capability !== null && bearer !== null) throw new MaestroError("auth.token", "a capability and a job token; bring one");
  if (capability !== null) return { kind: "capability", text: capability };
  if (bearer === null) return null;
  const text = /^Bearer ([A-Za-z0-9._~+/=-]+)$/.exec(bearer)?.[1];
  if (text === undefined) throw new MaestroError("auth.token", `${BEARER_HEADER} is not of the form "Bearer TOKEN"`);
  return { kind: "oidc", text };
}

const OIDC_VERBS: readonly Verb[] = ["gate", "read"];
/** Signatures that were found good. A check takes about a millisecond, and a job asks several times. */
const KNOWN_MAX = 1_024;

export interface TokenDeps {
  readonly capabilities: CapabilitySource | null;
  readonly oidc: readonly OidcIssuer[];
  readonly trust_domain: string;
  /** Seconds that count as now: the wall clock, but never before what was logged. */
  readonly now_s: () => number;
}

const TRUST_BYTES_MAX = 1024 * 1024;

function readTrust(path: string): Trust {
  const read = readOperatorFile(path, TRUST_BYTES_MAX);
  if ("because" in read) throw new MaestroError("trust.malformed", `${path} ${read.because}`, { cause: read.cause });
  const opened = openTrust(read.bytes);
  if (!opened.ok) throw new MaestroError("trust.malformed", `${path}: ${opened.reason.detail}`);
  if (!opened.value.entries.some(({ entry }) => entry.role === "capability")) throw new MaestroError("trust.malformed", `${path} names no key of role capability`);
  return opened.value;
}

export class Tokens {
  private readonly known = new Map<string, Capability>();
  private readonly revoked: ReadonlySet<string>;

  private constructor(
    private readonly deps: TokenDeps,
    private readonly trust: Trust | null,
    private readonly oidc: OidcVerifier | null,
  ) {
    this.revoked = new Set(deps.capabilities?.revoked ?? []);
  }

  /** Reads the operator's keys. Throws `trust.malformed`. */
  static async open(deps: TokenDeps): Promise<Tokens> {
    const trust = deps.capabilities === null ? null : readTrust(deps.capabilities.trust_file);
    return new Tokens(deps, trust, deps.oidc.length === 0 ? null : await OidcVerifier.open(deps.oidc));
  }

  /** Throws `auth.token`, saying what is wrong and never the token. */
  async check({ kind, text }: Credential): Promise<Grant> {
    const grant = kind === "capability" ? this.capability(text) : await this.job(text);
    if (grant.jti !== null && this.revoked.has(grant.jti)) throw new MaestroError("auth.token", `${grant.jti} was revoked`);
    return grant;
  }

  private capability(text: string): Grant {
    if (this.trust === null) throw new MaestroError("auth.token", "this daemon takes no capability tokens");
    const capability = this.known.get(text) ?? this.learn(text, this.trust);
    const late = notCurrent(capability, this.deps.now_s());
    if (late !== null) throw new MaestroError("auth.token", late);
    const { tenant, verbs, repositories, jti, budget } = capability.body;
    return { tenant, verbs, repositories, bound: null, jti, budget };
  }

  /** A signature does not change, so it is checked once; time and revocation are asked at each request. */
  private learn(text: string, trust: Trust): Capability {
    const opened = openCapability(text, trust, this.deps.trust_domain);
    if (!opened.ok) throw new MaestroError("auth.token", opened.because);
    if (this.known.size >= KNOWN_MAX) this.known.clear();
    this.known.set(text, opened.value);
    return opened.value;
  }

  private async job(text: string): Promise<Grant> {
    if (this.oidc === null) throw new MaestroError("auth.token", "this daemon takes no job tokens");
    const { source, bound, jti } = await this.oidc.check(text, this.deps.now_s());
    return { tenant: source.tenant, verbs: source.verbs ?? OIDC_VERBS, repositories: null, bound, jti, budget: null };
  }
}

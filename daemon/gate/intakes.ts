import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { IntakeRequest } from "../../proto/api.ts";
import type { Mode } from "../../proto/change.ts";
import type { IntakeLimits } from "../../proto/config.ts";
import { toBase32 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Host } from "../config/host.ts";
import { isOid } from "../platform/git/object-format.ts";
import { mayUse, type Principal } from "../tenants/index.ts";
import type { GateRow } from "../store/gates.ts";
import { placeOf } from "./place.ts";

/** What a client announced, and whether its objects have arrived. Owned by the user and tenant who opened it. */
export interface Intake {
  readonly id: string;
  readonly uid: number;
  readonly tenant: string | null;
  readonly repo_id: string;
  /** Under whose authority its base will be chosen. */
  readonly mode: Mode;
  readonly object_format: IntakeRequest["object_format"];
  /** Up to some megabytes; emptied once the pack has arrived and been checked against them. */
  cuts: readonly string[];
  tips: readonly string[];
  received: boolean;
  used_at_ms: number;
}

/** The intake that a recorded gate was made from, as far as judging it again takes: everything it brought is in the store. */
export function recalledIntake({ repo_id, head, owner_uid, owner_tenant }: GateRow, mode: Mode): Intake {
  return { id: "", uid: owner_uid, tenant: owner_tenant ?? null, repo_id, mode, object_format: isOid(head, "sha1") ? "sha1" : "sha256", cuts: [], tips: [], received: true, used_at_ms: 0 };
}

/** Whose work an intake leads to; processes, places in line and crashes are counted by it. */
export const tenantOf = ({ uid, tenant }: Pick<Intake, "uid" | "tenant">): string => (tenant === null ? `uid:${uid}` : `tenant:${tenant}`);

/** Throws `request.malformed` for an id of another object format than the one announced: no process is started for it. */
export function requireIds({ object_format }: Pick<Intake, "object_format">, oids: readonly string[]): void {
  const wrong = oids.find((oid) => !isOid(oid, object_format));
  if (wrong !== undefined) throw new MaestroError("request.malformed", `${wrong} is no id of object format ${object_format}, which the intake is of`);
}

const ID_BYTES = 16;

/** The open intakes, in memory: after a restart the client sends its pack again. */
export class Intakes {
  private readonly open_intakes = new Map<string, Intake>();

  constructor(
    private readonly limits: IntakeLimits,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly host: Pick<Host, "modes" | "repositories"> = { modes: ["local"], repositories: [] },
  ) {}

  /** Throws `auth.denied` for a repository the owner may not name, `request.busy`. */
  open(owner: Principal, request: IntakeRequest): Intake {
    const { repo_id, mode } = placeOf(this.host, owner, request);
    // The same words whether there is such a repository or not.
    if (!mayUse(owner, repo_id)) throw new MaestroError("auth.denied", `${request.repository} is none of the repositories that this tenant or its token may name`);
    this.forgetIdle();
    if (this.open_intakes.size >= this.limits.intakes_max) this.makeRoom(tenantOf(owner));
    const id = `intake-${toBase32(this.random.bytes(ID_BYTES))}`;
    const { object_format, cuts, tips } = request;
    const { uid, tenant } = owner;
    const intake: Intake = { id, uid, tenant, repo_id, mode, object_format, cuts, tips, received: false, used_at_ms: this.clock.monotonic_ms() };
    this.open_intakes.set(id, intake);
    return intake;
  }

  /** Repositories that an open intake is for: what stands in them may still be asked for. */
  repositories(): ReadonlySet<string> {
    this.forgetIdle();
    return new Set(Array.from(this.open_intakes.values(), ({ repo_id }) => repo_id));
  }

  arrived(intake: Intake): void {
    intake.received = true;
    intake.cuts = [];
    intake.tips = [];
  }

  /** Somebody else's intake is as unknown as none. Throws `intake.unknown`. */
  get(owner: Principal, id: string): Intake {
    this.forgetIdle();
    const intake = this.open_intakes.get(id);
    if (intake === undefined || intake.uid !== owner.uid || intake.tenant !== owner.tenant || !mayUse(owner, intake.repo_id)) throw new MaestroError("intake.unknown", id);
    intake.used_at_ms = this.clock.monotonic_ms();
    return intake;
  }

  /**
   * Whoever holds most gives way: first what has arrived, which as a rule has been gated long since, then another tenant's
   * announcement. So neither 64 gates in a row nor one tenant's flood keep the next gate out. Throws `request.busy` where nothing may go.
   */
  private makeRoom(own_name: string): void {
    const counts = new Map<string, number>();
    for (const intake of this.open_intakes.values()) counts.set(tenantOf(intake), (counts.get(tenantOf(intake)) ?? 0) + 1);
    const own = counts.get(own_name) ?? 0;
    const [most = own_name, held = 0] = [...counts].toSorted(([a, x], [b, y]) => y - x || Number(b === own_name) - Number(a === own_name))[0] ?? [];
    const oldest = [...this.open_intakes.values()].filter((intake) => tenantOf(intake) === most).toSorted((a, b) => a.used_at_ms - b.used_at_ms);
    const victim = oldest.find(({ received }) => received) ?? (held > own + 1 ? oldest[0] : undefined);
    if (victim === undefined) throw new MaestroError("request.busy", `${this.limits.intakes_max} intakes are open`);
    this.open_intakes.delete(victim.id);
  }

  private forgetIdle(): void {
    const oldest_ms = this.clock.monotonic_ms() - this.limits.intake_idle_ttl_ms;
    for (const [id, intake] of this.open_intakes) {
      if (intake.used_at_ms < oldest_ms) this.open_intakes.delete(id);
    }
  }
}

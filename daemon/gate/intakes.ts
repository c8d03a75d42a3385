import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { IntakeRequest } from "../../proto/api.ts";
import type { IntakeLimits } from "../../proto/config.ts";
import { toBase32 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";

/** What a client announced, and whether its objects have arrived. Owned by the user who opened it. */
export interface Intake {
  readonly id: string;
  readonly uid: number;
  readonly repo_id: string;
  readonly object_format: IntakeRequest["object_format"];
  /** Up to some megabytes; emptied once the pack has arrived and been checked against them. */
  cuts: readonly string[];
  tips: readonly string[];
  received: boolean;
  used_at_ms: number;
}

/** Whose work an intake leads to; processes, places in line and crashes are counted by it. */
export const tenantOf = ({ uid }: Intake): string => `uid:${uid}`;

const ID_BYTES = 16;

/**
 * In mode `local` a repository's name is a claim, so it is only unique within
 * the user who makes it: two users can never share a store.
 */
const localRepositoryId = (uid: number, name: string): string => `local:${uid}:${name}`;

/** The open intakes, in memory: after a restart the client sends its pack again. */
export class Intakes {
  private readonly open_intakes = new Map<string, Intake>();

  constructor(
    private readonly limits: IntakeLimits,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  open(uid: number, request: IntakeRequest): Intake {
    this.forgetIdle();
    if (this.open_intakes.size >= this.limits.intakes_max) this.makeRoom(uid);
    const id = `intake-${toBase32(this.random.bytes(ID_BYTES))}`;
    const { object_format, cuts, tips } = request;
    const intake: Intake = { id, uid, repo_id: localRepositoryId(uid, request.repository), object_format, cuts, tips, received: false, used_at_ms: this.clock.monotonic_ms() };
    this.open_intakes.set(id, intake);
    return intake;
  }

  arrived(intake: Intake): void {
    intake.received = true;
    intake.cuts = [];
    intake.tips = [];
  }

  /** Somebody else's intake is as unknown as none. Throws `intake.unknown`. */
  get(uid: number, id: string): Intake {
    this.forgetIdle();
    const intake = this.open_intakes.get(id);
    if (intake === undefined || intake.uid !== uid) throw new MaestroError("intake.unknown", id);
    intake.used_at_ms = this.clock.monotonic_ms();
    return intake;
  }

  /**
   * Whoever holds most gives way: first what has arrived, which as a rule has been gated long since, then another user's
   * announcement. So neither 64 gates in a row nor one user's flood keep the next gate out. Throws `request.busy` where nothing may go.
   */
  private makeRoom(uid: number): void {
    const counts = new Map<number, number>();
    for (const intake of this.open_intakes.values()) counts.set(intake.uid, (counts.get(intake.uid) ?? 0) + 1);
    const own = counts.get(uid) ?? 0;
    const [most = uid, held = 0] = [...counts].toSorted(([a, x], [b, y]) => y - x || Number(b === uid) - Number(a === uid))[0] ?? [];
    const oldest = [...this.open_intakes.values()].filter((intake) => intake.uid === most).toSorted((a, b) => a.used_at_ms - b.used_at_ms);
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

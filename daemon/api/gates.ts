/** Routes of gating: what the client streams in, judges, replays and looks up. Schema, call, reply; the work is in `gate/`. */
import { ConfigReply, GateEvent, GateReply, GateRequest, IntakeId, IntakeReply, IntakeRequest, PackReply, ReplayEvent, ReplayRequest, RulesReply } from "../../proto/api.ts";
import type { Limits } from "../../proto/config.ts";
import { ShortText } from "../../proto/scalar.ts";
import type { GateKeeper } from "../gate/gate.ts";
import type { Payer } from "../gate/cost/cost.ts";
import type { Intakes } from "../gate/intakes.ts";
import type { Card } from "../../proto/card.ts";
import type { ChangeCost } from "../../proto/usage.ts";
import type { ChangeCosts } from "../gate/cost/change-cost.ts";
import { placeKey } from "../store/releases.ts";
import { findGate } from "../gate/lookup.ts";
import type { Replay } from "../gate/replay.ts";
import { goneReply, readReply } from "../gate/reply.ts";
import type { Quota } from "../integrity/index.ts";
import type { Clock } from "../platform/clock.ts";
import { receivePack } from "../platform/git/intake.ts";
import { removeOldPacks } from "../platform/git/retention.ts";
import type { RepositoryStore } from "../platform/git/repository-store.ts";
import type { Artifacts } from "../store/artifacts.ts";
import type { Gates } from "../store/gates.ts";
import type { Principal, Tenants } from "../tenants/index.ts";
import { enter, requireBound } from "./entry.ts";
import { eventsOf } from "./events.ts";
import { feedRoutes } from "./feed.ts";
import { findingsRoute } from "./findings.ts";
import { settingsFor } from "./reader.ts";
import { route, type Route } from "./route.ts";
import { targetRoutes, type TargetRouteDeps } from "./targets.ts";

export interface GateRouteDeps extends Pick<TargetRouteDeps, "targets"> {
  readonly intakes: Intakes;
  readonly integrity: { readonly quota: Pick<Quota, "check" | "measured"> };
  readonly tenants: Pick<Tenants, "inLine" | "pay">;
  readonly repositories: RepositoryStore;
  readonly keeper: Pick<GateKeeper, "submit">;
  readonly costs: Pick<ChangeCosts, "of">;
  readonly replay: Replay;
  readonly gates: Gates;
  readonly artifacts: Artifacts;
  readonly rules: RulesReply["rules"];
  /** As it runs now: a reload may change it. */
  readonly config: (reader: Principal) => ConfigReply["entries"];
  readonly clock: Clock;
  readonly limits: Pick<Limits, "server" | "intake" | "gate" | "command">;
  /** Somebody is about to gate: start what takes a moment. */
  readonly expectWork: () => void;
}

const ANY = { access: "any" } as const;
const WORK = { access: "work" } as const;
const NO_BODY = { request: null, body_bytes_max: 0 } as const;

/** Every line of an intake's lists has at most 67 bytes with its quotes and comma. */
const INTAKE_BYTES_PER_OID = 67;
const INTAKE_OIDS_MAX = 110_000;

function intakeRoutes({ intakes, integrity, repositories, limits, clock, expectWork }: GateRouteDeps): Route[] {
  const { gate_deadline_ms } = limits.gate;
  return [
    route("openIntake", {
      ...WORK,
      summary: "Announce a pack: which repository it is for and which commits will be complete afterwards",
      params: {},
      request: IntakeRequest,
      reply: IntakeReply,
      body_bytes_max: Math.max(limits.server.json_bytes_max, INTAKE_BYTES_PER_OID * INTAKE_OIDS_MAX),
      handle({ principal, body }) {
        integrity.quota.check(principal);
        const { id, repo_id } = intakes.open(principal, body);
        expectWork();
        return { intake_id: id, repo_id };
      },
    }),
    route("sendPack", {
      ...WORK,
      summary: "Stream the pack; git checks it in a quarantine and all of it moves in, or nothing",
      params: { id: IntakeId },
      request: null,
      reply: PackReply,
      body_bytes_max: limits.intake.pack_bytes_max,
      async handle({ principal, params, stream, signal }) {
        const intake = intakes.get(principal, params.id);
        integrity.quota.check(principal);
        const repository = await repositories.open(intake.repo_id, intake.object_format);
        const { objects, bytes, warnings } = await receivePack(repositories.git, repository, intake, stream, { limits: limits.intake, signal });
        intakes.arrived(intake);
        const { packs_max, packs_bytes_max, intake_idle_ttl_ms, intake_deadline_ms } = limits.intake;
        // A pack must outlast every intake and gate that may still ask for it.
        await removeOldPacks(repository, { packs_max, packs_bytes_max, keep_ms: intake_idle_ttl_ms + intake_deadline_ms + gate_deadline_ms }, clock.now_ms());
        await integrity.quota.measured(principal, repository);
        return { objects, bytes, warnings: [...warnings] };
      },
    }),
  ];
}

async function replayed(changes: AsyncGenerator<ReplayEvent, void>, emit: (event: ReplayEvent) => void, count: number, clock: Clock): Promise<ReplayEvent> {
  const started_ms = clock.monotonic_ms();
  for await (const change of changes) emit(change);
  return { event: "end", changes: count, duration_us: Math.round((clock.monotonic_ms() - started_ms) * 1000) };
}

function judgingRoutes(deps: GateRouteDeps): Route[] {
  const { intakes, tenants, keeper, replay, clock, limits, expectWork } = deps;
  const body_bytes_max = limits.server.json_bytes_max;
  // Reports of the job come in base64, which takes four characters for three bytes.
  const gate_body_bytes_max = body_bytes_max + Math.ceil(limits.command.handed_bytes_max / 3) * 4;
  return [
    route("gate", {
      access: "gate",
      summary: "Judge one change; progress as it happens, the decision with its evidence last",
      params: {},
      request: GateRequest,
      reply: GateEvent,
      body_bytes_max: gate_body_bytes_max,
      handle({ principal, body, signal }) {
        const intake = enter(deps, principal, body.intake_id, body);
        const pay: Payer = (worst, work, bill) => tenants.pay(principal, worst, work, bill);
        return eventsOf<GateEvent>((emit, abort) => tenants.inLine(principal, () => keeper.submit(intake, body, emit, abort, pay)), signal);
      },
    }),
    route("replay", {
      access: "replay",
      summary: "Judge past changes without signing, logging or keeping anything",
      params: {},
      request: ReplayRequest,
      reply: ReplayEvent,
      body_bytes_max,
      handle({ principal, body, signal }) {
        const intake = intakes.get(principal, body.intake_id);
        for (const head of body.heads) requireBound(principal, { head, target_ref: body.target_ref });
        expectWork();
        const pay: Payer = (worst, work) => tenants.pay(principal, worst, work);
        return eventsOf<ReplayEvent>((emit, abort) => tenants.inLine(principal, () => replayed(replay.run(intake, body, abort, pay), emit, body.heads.length, clock)), signal);
      },
    }),
  ];
}

/** What stands on the ledger now, of this card's change. */
function costOf({ costs }: Pick<GateRouteDeps, "costs">, { tenant }: Principal, { repository, target_ref, head }: Card): { readonly cost?: ChangeCost } {
  const cost = costs.of(placeKey({ repo_id: repository, target_ref, head }), tenant);
  return cost === null ? {} : { cost };
}

export function gateRoutes(deps: GateRouteDeps): Route[] {
  const { gates, artifacts, rules, config } = deps;
  return [
    ...targetRoutes(deps),
    ...intakeRoutes(deps),
    ...judgingRoutes(deps),
    route("recordedGate", {
      access: "read",
      ...NO_BODY,
      summary: "The newest attempt of a gate, by the start of its id, of its head commit or of its bundle's digest",
      params: { id: ShortText },
      reply: GateReply,
      async handle({ principal, params }) {
        const row = findGate(gates, principal, params.id);
        const stored = await readReply(artifacts, row);
        if (stored === null) throw await goneReply(artifacts, row, `attempt ${row.attempt.attempt} of ${row.gate_id} was logged but never answered; gate the change again`);
        return { gate_id: row.gate_id, attempts: gates.attempts(row.gate_id).map(({ attempt }) => attempt.attempt), card: stored.reply.card, proof: stored.reply.proof, timings: stored.reply.timings, ...costOf(deps, principal, stored.reply.card) };
      },
    }),
    findingsRoute(deps),
    ...feedRoutes(deps),
    route("rules", { access: "open", ...NO_BODY, summary: "Every rule, what it asks and cannot see, and what it leads to", params: {}, reply: RulesReply, handle: () => ({ rules }) }),
    route("config", { ...ANY, ...NO_BODY, summary: "Every setting with its value, origin and meaning", params: {}, reply: ConfigReply, handle: ({ principal }) => ({ entries: settingsFor(principal, config(principal)) }) }),
  ];
}

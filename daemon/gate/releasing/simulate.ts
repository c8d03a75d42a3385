/** What would be decided if people approved or the host set rules otherwise: a card without signature, log entry or id. */
import type { Card } from "../../../proto/card.ts";
import type { GateConfig, RuleSetting } from "../../../proto/config.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { SimulateReply, SimulateRequest } from "../../../proto/release-api.ts";
import type { RepositoryStore } from "../../platform/git/repository-store.ts";
import { unnamed } from "../../release/pseudonyms.ts";
import type { Peer } from "../../platform/socket/index.ts";
import type { Principal } from "../../tenants/index.ts";
import { makeCard } from "../card.ts";
import { HOUSE_RULES } from "../house-rules.ts";
import { recalledIntake, tenantOf } from "../intakes.ts";
import type { Judge } from "../judge.ts";
import { whyNotSupposed, type ReleaseShelf } from "./released.ts";
import type { Recalled, Releaser } from "./releaser.ts";
import type { Turnstile } from "../turnstile.ts";

export interface SimulateDeps {
  readonly releaser: Pick<Releaser, "recall">;
  readonly shelf: ReleaseShelf;
  readonly judge: Judge;
  readonly repositories: RepositoryStore;
  /** Beside the gates' own: what nobody will merge by keeps no gate waiting. */
  readonly turns: Turnstile;
}

type Word = SimulateRequest["rules"][string];

const SIMULATED = "SIMULATION: nothing was decided, signed or logged, and nothing may be merged by this";

const all = (effect: "pass" | "note" | "hold" | "refuse"): RuleSetting => ({ human: effect, agent: effect, bot: effect, unknown: effect, mode: "enforce" });

function settingOf(word: Word, before: RuleSetting | undefined): RuleSetting {
  if (word === "observe") return { ...before, mode: "observe" };
  return all(word === "off" ? "pass" : word);
}

/** The configuration as if the host had said these words of these rules, and the base nothing. Throws `request.malformed` for a rule nobody can switch off. */
function supposed(rules: SimulateRequest["rules"]): (config: GateConfig) => GateConfig {
  const fixed = Object.keys(rules).find((rule) => Object.hasOwn(HOUSE_RULES, rule));
  if (fixed !== undefined) throw new MaestroError("request.malformed", `${fixed} is a rule that no configuration sets`);
  return (config) => ({
    ...config,
    rules: { ...config.rules, ...Object.fromEntries(Object.entries(rules).map(([rule, word]) => [rule, settingOf(word, config.rules[rule])])) },
    base_rules: Object.fromEntries(Object.entries(config.base_rules).filter(([rule]) => !Object.hasOwn(rules, rule))),
  });
}

const quiet = { stage: () => undefined, check: () => undefined };

export class Simulator {
  constructor(private readonly deps: SimulateDeps) {}

  /** Throws `request.not_found`, `release.nothing` for a gate too old to be judged again, `request.malformed`. */
  async run(reader: Principal, peer: Pick<Peer, "uid">, request: SimulateRequest, signal: AbortSignal): Promise<SimulateReply> {
    const recalled = await this.deps.releaser.recall(reader, peer, request.gate);
    const suppose = supposed(request.rules);
    return this.deps.turns.pass(() => this.judged(recalled, request, suppose, signal), signal, `uid:${peer.uid}`);
  }

  private async judged({ row, card, target, authors }: Recalled, { approve, rules }: SimulateRequest, suppose: (config: GateConfig) => GateConfig, signal: AbortSignal): Promise<SimulateReply> {
    const { judge, repositories, shelf } = this.deps;
    const { target_ref, head, mode } = card;
    const intake = recalledIntake(row, mode);
    const repository = await repositories.open(row.repo_id, intake.object_format);
    const on_record = await shelf.onRecord({ repo_id: row.repo_id, target_ref, head }, row.owner_uid);
    await using lane = judge.lane(signal, tenantOf(intake));
    const subject = { repository, mode, target_ref, target, head, want_tree_sha256: false, fresh: false, tools: { handed: [] }, released: { ...on_record, suppose: approve }, suppose };
    const { facts, outcomes, obligations, decision, config } = await judge.judge(subject, lane, quiet, signal);
    const submission = { authors, submitters: on_record.submitters };
    const ignored = approve.flatMap((id) => {
      const because = whyNotSupposed(shelf.roster, id, on_record, submission);
      return because === null ? [] : [`${id} would not count: ${because}`.slice(0, 1000)];
    });
    const said = [...approve.map((id) => `approved by ${id}`), ...Object.entries(rules).map(([rule, word]) => `${rule}=${word}`)].join(", ");
    const made: Card = makeCard({ decision, gate_id: null, attempt: row.attempt.attempt, mode, repository: card.repository, target_ref, base: card.base, head, history: facts.change.history, facts: shelf.deps.keyed === undefined ? facts : unnamed(facts, shelf.deps.keyed), outcomes, obligations, required: config.required, policy: card.policy, warnings: [SIMULATED, ...(said === "" ? [] : [`supposed: ${said}`.slice(0, 1000)]), ...ignored] });
    return { simulated: true, card: made, ignored };
  }
}

import type { Actor } from "../../../proto/actor.ts";
import type { Gap } from "../../../proto/facts.ts";
import type { FactsReply } from "../../../proto/worker.ts";
import { maskedPath, published } from "../../checking/redact.ts";

const maskedActor = ({ signs, agent, name, ...rest }: Actor): Actor => ({
  ...rest,
  name: published(name),
  agent: agent === null ? null : published(agent),
  signs: signs.map((sign) => ({ ...sign, text: published(sign.text) })),
});

const maskedGap = ({ what, because }: Gap): Gap => ({ what: published(what), because: published(because) });

const maskedChange = (change: FactsReply["change"]): FactsReply["change"] =>
  change.history === "known" ? { ...change, conflicts: change.conflicts.map(maskedPath) } : change;

/** The base is trusted to configure, not to hold no credential. */
const maskedConfig = (config: FactsReply["config"]): FactsReply["config"] => (config.state === "broken" ? { ...config, because: published(config.because) } : config);

/**
 * What leaves the check process goes onto the card and into signed evidence, where a credential in a subject or a name
 * would stay for good. The facts themselves keep it: the `secrets` check has to find it there.
 */
export function maskedText<T extends Pick<FactsReply, "title" | "actor" | "gaps" | "change" | "config">>(reply: T): T {
  return { ...reply, title: published(reply.title), actor: maskedActor(reply.actor), gaps: reply.gaps.map(maskedGap), change: maskedChange(reply.change), config: maskedConfig(reply.config) };
}

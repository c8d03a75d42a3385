import type { ReplayChange } from "../../../proto/api.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { planReplay } from "../../client/pack.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { duration } from "../progress.ts";
import { summarise, type ReplaySummary } from "../replay-summary.ts";
import { sendPack } from "../send-pack.ts";
import { visiblePath } from "../../verifier/visible.ts";

const LAST_DEFAULT = 200;
const LAST_MAX = 2000;
const LISTED_MAX = 60;

function lastOf(value: string | boolean | undefined): number {
  if (value === undefined) return LAST_DEFAULT;
  const last = Number(value);
  if (!Number.isInteger(last) || last < 1 || last > LAST_MAX) throw new MaestroError("cli.usage", `--last takes a whole number from 1 to ${LAST_MAX}`);
  return last;
}

function table({ verdicts, rules, actors, changes }: ReplaySummary): string {
  const percent = (n: number): string => `${((100 * n) / Math.max(1, changes)).toFixed(1)} %`;
  return [
    `${changes} changes: ${actors.human} human, ${actors.bot} bot, ${actors.agent} agent, ${actors.unknown} unknown (by author and trailers, not proved)`,
    `clean ${verdicts.clean} (${percent(verdicts.clean)})  note ${verdicts.note}  hold ${verdicts.hold} (${percent(verdicts.hold)})  refuse ${verdicts.refuse} (${percent(verdicts.refuse)})`,
    "",
    "rule                      refuse   hold   note   human    bot  agent",
    ...rules.map(({ rule, refuse, hold, note: noted, human, bot, agent }) =>
      [rule.padEnd(24), ...[refuse, hold, noted, human, bot, agent].map((n) => String(n).padStart(6))].join(" "),
    ),
  ].join("\n");
}

function listed(changes: readonly ReplayChange[]): string[] {
  const stopped = changes.filter(({ verdict }) => verdict !== "admit");
  const lines = stopped.slice(0, LISTED_MAX).map((change) => {
    const why = change.effects.filter(({ effect, observed }) => !observed && effect !== "note" && effect !== "pass").map(({ rule, where }) => (where === null ? rule : `${rule} ${visiblePath(where)}`));
    const missing = change.unavailable.map((check) => `${check} unavailable`);
    const because = change.because === null ? "" : `\n       ${escapeTerminal(change.because)}`;
    return `${change.verdict.toUpperCase().padEnd(6)} ${change.head.slice(0, 9)} ${change.actor.padEnd(7)} ${[...new Set([...why, ...missing])].slice(0, 3).join(", ")}\n       ${escapeTerminal(change.title).slice(0, 72)}${because}`;
  });
  return stopped.length > LISTED_MAX ? [...lines, `... and ${stopped.length - LISTED_MAX} more; --json lists all`] : lines;
}

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const plan = await planReplay(positionals[0] ?? ".", { last: lastOf(values["last"]), head: textOf(values, "head") });
  const { client } = await connectOrStart(values);
  const started = performance.now();
  const intake_id = await sendPack(client, plan);
  note(`  intake         ${duration((performance.now() - started) * 1000)}`);
  const changes: ReplayChange[] = [];
  let ended = false;
  for await (const event of client.replay({ intake_id, target_ref: plan.target_ref, heads: plan.changes.map(({ head }) => head) })) {
    if (event.event === "change") changes.push(event);
    else if (event.event === "end") ended = true;
    if (event.event === "change" && changes.length % 25 === 0) note(`  ${changes.length} of ${plan.changes.length}`);
  }
  if (!ended) throw new MaestroError("worker.protocol", `the replay ended after ${changes.length} of ${plan.changes.length} changes`);
  const summary = summarise(changes);
  if (values["json"] === true) printJson({ summary, changes });
  else {
    print([...listed(changes), "", table(summary)].join("\n"));
    const left_out = [...new Set(changes.flatMap((change) => change.left_out ?? []))].sort();
    if (left_out.length > 0) note(`\nnot run: ${left_out.join(" ")}; a replay runs no command and measures nothing`);
    note(`\nread-only: nothing was signed or logged; ${duration((performance.now() - started) * 1000)}`);
  }
  return EXIT.admit;
};

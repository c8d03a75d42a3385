import type { RuleDoc } from "../../../proto/api.ts";
import type { Card } from "../../../proto/card.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { STAGES } from "../../../proto/lineage.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { obligationText } from "../../verifier/words/card.ts";
import { didYouMean, type CommandModule } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { explainDraft } from "../drafts/explain.ts";
import { visiblePath } from "../../verifier/visible.ts";

/** `gate:` and enough to find it by. */
const GATE_CHARACTERS = 17;
const RULE = /^[a-z][a-z-]*\.[a-z0-9.-]+$/;
/** `command.lint` and `command.lint.no-undef`: the rules of tools are documented by kind. */
const TOOL = /^command\.[a-z0-9-]+(?:\.[a-z0-9.-]+)?$/;

function ruleText(doc: RuleDoc): string {
  const effects = Object.entries(doc.effects).map(([actor, effect]) => `${actor} ${effect}`);
  return [
    `${doc.rule}  (check ${doc.check}, ${doc.mode})`,
    `  ${doc.title}`,
    "",
    `  why         ${doc.why}`,
    `  leads to    ${effects.join(", ")}`,
    `  passes      ${doc.passes}`,
    `  fails       ${doc.fails}`,
    `  cannot see  ${doc.cannot_see}`,
    ...(doc.replay === null ? [] : [`  on history  ${doc.replay}`]),
  ].join("\n");
}

/** Rule → line → the policy's word → what it led to → the smallest step, for each reason of a gate. */
function cardText(card: Card): string {
  const reasons = card.reasons.map(({ rule, effect, observed, because, ranges }) => {
    const where = ranges.slice(0, 3).map(({ path, start_line }) => `${visiblePath(path)}:${start_line}`);
    return [`  ${rule}  ${observed ? `observed, would ${effect}` : effect}`, `    ${escapeTerminal(because)}`, ...(where.length === 0 ? [] : [`    at ${where.join(", ")}${ranges.length > 3 ? ` and ${ranges.length - 3} more` : ""}`])].join("\n");
  });
  const obligations = (card.obligations ?? []).map((one) => `  ${one.result}  ${escapeTerminal(one.name)}: ${escapeTerminal(obligationText(one))}`);
  const gaps = card.gaps.map(({ what, because }) => `  not seen: ${escapeTerminal(what)} (${escapeTerminal(because)})`);
  const steps = card.next.map(({ text, command, cost, risk }) => `  next: ${escapeTerminal(text)} (cost ${cost}, risk ${risk})${command === null ? "" : `\n        ${command.map((word) => escapeTerminal(word)).join(" ")}`}`);
  return [`${card.verdict.toUpperCase()}  ${escapeTerminal(card.repository)} ${card.head.slice(0, 12)}  policy ${escapeTerminal(card.policy.name)}, judged as ${card.actor.class}`, ...reasons, ...obligations, ...gaps, ...steps].join("\n");
}

/** What of each stage is still kept; nothing where the daemon is older than the question. */
async function lineageLines(client: MaestroClient, gate_id: string): Promise<string[]> {
  try {
    const { nodes } = await client.lineage(gate_id);
    return STAGES.map((stage) => {
      const own = nodes.filter((node) => node.stage === stage);
      const kept = own.filter(({ state }) => state === "kept").length;
      return `  lineage: ${stage}: ${own.length} by digest, ${kept} still kept`;
    });
  } catch (error) {
    if (error instanceof MaestroError && error.code === "request.not_found") return [];
    throw error;
  }
}

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const { client } = await connectOrStart(values);
  const [name, ...tasks] = positionals;
  if (values["draft"] === true) return explainDraft(client, name, tasks, values);
  if (tasks.length > 0) throw new MaestroError("cli.usage", `explain takes one name; ${tasks[0]} would be a task of --draft`);
  const { rules } = await client.rules();
  const exact = rules.some(({ rule }) => rule === name);
  const ofCheck = rules.filter(({ check }) => check === (!exact && name !== undefined && TOOL.test(name) ? "command" : name));
  if (ofCheck.length > 0) {
    if (values["json"] === true) printJson({ rules: ofCheck });
    else print(ofCheck.map(ruleText).join("\n\n"));
    return EXIT.admit;
  }
  if (name !== undefined && !RULE.test(name)) {
    const recorded = await client.gateRecord(name);
    if (values["json"] === true) printJson(recorded);
    else print([cardText(recorded.card), ...(await lineageLines(client, recorded.gate_id)), `  drafts: maestro explain ${recorded.gate_id.slice(0, GATE_CHARACTERS)} --draft`].join("\n"));
    return EXIT.admit;
  }
  const doc = rules.find(({ rule }) => rule === name);
  if (name !== undefined && doc === undefined) throw new MaestroError("cli.usage", `there is no rule ${name}${didYouMean(name, rules.map(({ rule }) => rule))}`);
  if (values["json"] === true) printJson(doc ?? { rules });
  else print(doc === undefined ? rules.map(({ rule, title }) => `${rule.padEnd(26)} ${title}`).join("\n") : ruleText(doc));
  return EXIT.admit;
};

import type { ReportReply } from "../../../proto/report-kpi.ts";
import { escapeMarkdown } from "../card/escape/markdown.ts";
import { caveats, cpuText, headingText, partsText, valueText } from "./values.ts";

/** Words of the daemon's own. */
const plain = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
/** A name that somebody chose, as code. A bar would split a table's cell even there, so it is written out. */
const cell = (text: string): string => escapeMarkdown(text.replaceAll("|", "\\x7c"));
const row = (...cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** Every figure with its formula; unmeasured ones say why. */
export function reportMarkdown(report: ReportReply): string {
  const { kpis, rules, people } = report;
  return [
    "# Maestro report",
    "",
    headingText(report, cell),
    "",
    ...caveats(report).map((text) => `> ${text}\n`),
    row("figure", "value", "n", "goal", "parts", "formula"),
    row("---", "--:", "--:", "---", "---", "---"),
    ...kpis.map((kpi) => row(plain(kpi.title), kpi.value === null ? "unmeasured" : plain(valueText(kpi)), kpi.value === null ? "" : String(kpi.n), plain(kpi.goal ?? ""), plain(kpi.unmeasured ?? partsText(kpi)), plain(kpi.formula))),
    "",
    row("rule", "refused", "held", "would"),
    row("---", "--:", "--:", "--:"),
    ...rules.map(({ rule, refused, held, would }) => row(cell(rule), String(refused), String(held), String(would))),
    ...(people === null ? [] : ["", row("who", "figures"), row("---", "---"), ...people.releases.map(({ person, approvals, overrides }) => row(cell(person), `${approvals} approvals, ${overrides} overrides`)), ...people.users.map(({ uid, changes, wall_us, cpu_us }) => row(`user ${uid}`, `${changes} changes, ${cpuText(wall_us)} of gates, ${cpuText(cpu_us)} of processors`))]),
  ].join("\n");
}

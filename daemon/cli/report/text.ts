import type { ReportReply } from "../../../proto/report-kpi.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { caveats, cpuText, headingText, partsText, valueText } from "./values.ts";

const NAME_COLUMNS = 34;
const VALUE_COLUMNS = 14;

/** For a terminal: what is measured, the rules, then what is not measured. */
export function reportText(report: ReportReply): string {
  const { kpis, rules, people } = report;
  const measured = kpis.filter(({ value }) => value !== null);
  const open = kpis.filter(({ value }) => value === null);
  const escape = (text: string): string => escapeTerminal(text);
  return [
    headingText(report, escape),
    ...caveats(report).map((text) => `  ! ${text}`),
    "",
    ...measured.map((kpi) => `  ${kpi.title.padEnd(NAME_COLUMNS)}${valueText(kpi).padStart(VALUE_COLUMNS)}  n ${kpi.n}${kpi.parts.length === 0 ? "" : `  ${partsText(kpi)}`}${kpi.goal === null ? "" : `  (goal ${kpi.goal})`}`),
    "",
    `  ${"rule".padEnd(NAME_COLUMNS)}${"refused".padStart(9)}${"held".padStart(9)}${"would".padStart(9)}   changes`,
    ...(rules.length === 0 ? ["  no rule refused or held a change"] : rules.map(({ rule, refused, held, would }) => `  ${rule.padEnd(NAME_COLUMNS)}${String(refused).padStart(9)}${String(held).padStart(9)}${String(would).padStart(9)}`)),
    ...(people === null ? [] : ["", ...people.releases.map(({ person, approvals, overrides }) => `  ${escape(person).padEnd(NAME_COLUMNS)}${approvals} approvals, ${overrides} overrides`), ...people.users.map(({ uid, changes, wall_us, cpu_us }) => `  ${`user ${uid}`.padEnd(NAME_COLUMNS)}${changes} changes, ${cpuText(wall_us)} of gates, ${cpuText(cpu_us)} of processors`)]),
    "",
    "  unmeasured",
    ...open.map(({ title, unmeasured }) => `  ${title.padEnd(NAME_COLUMNS)}${unmeasured ?? ""}`),
  ].join("\n");
}

/** Figures in words. The reply's own numbers are whole units. */
import type { Kpi, ReportReply } from "../../../proto/report-kpi.ts";

const MICRO = 1_000_000;
const CENT_DIGITS = 6;

/** `12345` at scale 3 is `12.345`, without zeros at its end. */
export function decimalText(value: string, scale: number): string {
  if (scale === 0) return value;
  const digits = value.padStart(scale + 1, "0");
  return `${digits.slice(0, -scale)}.${digits.slice(-scale)}`.replace(/\.?0+$/, "");
}

/** `93784` is `1 d 2 h`: two units are as much as anybody reads. */
export function secondsText(seconds: number): string {
  const units = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]] as const;
  const at = units.findIndex(([, size]) => seconds >= size);
  if (at < 0) return "0 s";
  const [name, size] = units[at] ?? ["s", 1];
  const next = units[at + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1]);
  return `${Math.floor(seconds / size)} ${name}${next === undefined || rest === 0 ? "" : ` ${rest} ${next[0]}`}`;
}

function amountText(value: string, unit: Kpi["unit"], scale: number): string {
  if (unit === "s") return secondsText(Number(value));
  if (unit === "us") return `${decimalText(value, CENT_DIGITS)} s`;
  if (unit === "micro_usd") return `$${decimalText(value, CENT_DIGITS)}`;
  return `${decimalText(value, scale)}${unit === "percent" ? " %" : unit === "changes a week" ? " a week" : ""}`;
}

/** The figure itself, or that there is none. */
export function valueText({ value, unit, scale }: Kpi): string {
  return value === null ? "unmeasured" : amountText(value, unit, scale);
}

/** Parts that measure what the figure measures; the others are counts. */
const SAME_UNIT: readonly string[] = ["p50", "p90", "total"];

export function partsText({ parts, unit, scale }: Kpi): string {
  return parts.map(({ name, value }) => `${name.replaceAll("_", " ")} ${SAME_UNIT.includes(name) ? amountText(value, unit, scale) : value}`).join(" · ");
}

export function headingText({ window, repository, gates }: ReportReply, escape: (text: string) => string): string {
  return `${repository === null ? "every repository you may see" : escape(repository)}, ${window.from} to ${window.to}: ${gates.counted} attempts`;
}

/** What a reader must know before believing the figures. */
export function caveats({ gates, rules_cut }: ReportReply): string[] {
  return [
    ...(gates.cut ? ["the window holds more attempts than a report reads: only the newest were counted; ask for a shorter window"] : []),
    ...((gates.without_summary ?? 0) > 0 ? [`${gates.without_summary} attempts on record are in no report, as their replies are gone`] : []),
    ...(rules_cut > 0 ? [`${rules_cut} more rules`] : []),
  ];
}

export const cpuText = (us: number): string => `${(us / MICRO).toFixed(1)} s`;

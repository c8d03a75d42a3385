/** Intervals as a picture that needs nothing beside itself and can be read on light and dark pages. Solid: proven. Dashed: report only. */
import type { EvaluationInterval, EvaluationReport } from "../../../proto/evaluation.ts";
import { shown } from "./markdown.ts";

const WIDTH = 760;
const LEFT = 230;
const RIGHT = 40;
const ROW = 22;
const HEAD = 54;
const GAP = 34;

const STYLE = "svg{font:12px system-ui,sans-serif;background:#fff;color:#1a1a1a}text{fill:currentColor}.axis{stroke:currentColor;stroke-opacity:.35}.mark{stroke:#b3261e;stroke-dasharray:2 3}.proven{stroke:#0b6e4f;stroke-width:4}.none{stroke:#7a7a7a;stroke-width:2;stroke-dasharray:5 4}.faint{fill-opacity:.7}@media(prefers-color-scheme:dark){svg{background:#16181c;color:#e8e8e8}.proven{stroke:#4fd1a5}.none{stroke:#9a9a9a}.mark{stroke:#ff8a80}}";

interface Scale {
  readonly from: number;
  readonly to: number;
}

const place = ({ from, to }: Scale, value: number): string => (LEFT + ((Math.min(Math.max(value, from), to) - from) / (to - from)) * (WIDTH - LEFT - RIGHT)).toFixed(1);

function scaleOf(intervals: readonly EvaluationInterval[], also: readonly (number | null)[]): Scale {
  const ends = [...intervals.flatMap(({ lower, upper }) => [lower, upper]), ...also].filter((value) => value !== null);
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  const room = to > from ? (to - from) * 0.04 : 0.5;
  return { from: from - room, to: to + room };
}

function line({ estimator, method, lower, upper, guarantee }: EvaluationInterval, scale: Scale, y: number): string[] {
  const proven = guarantee === "finite-sample" || guarantee === "anytime";
  const note = guarantee === "no-coverage" ? " (no coverage)" : proven ? "" : " (report only)";
  const label = `<text x="8" y="${y + 4}"${proven ? "" : ' class="faint"'}>${estimator}, ${method}${note}</text>`;
  if (lower === null || upper === null) return [label];
  return [label, `<line class="${proven ? "proven" : "none"}" x1="${place(scale, lower)}" x2="${place(scale, upper)}" y1="${y}" y2="${y}"><title>${shown(lower)} to ${shown(upper)}</title></line>`];
}

function part(title: string, intervals: readonly EvaluationInterval[], mark: number | null, marked: string, top: number): { readonly lines: string[]; readonly bottom: number } {
  const scale = scaleOf(intervals, [mark]);
  const bottom = top + 14 + intervals.length * ROW;
  return {
    lines: [
      `<text x="8" y="${top - 4}" font-weight="600">${title}</text>`,
      ...intervals.flatMap((interval, nth) => line(interval, scale, top + 14 + nth * ROW)),
      `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}"/>`,
      ...(mark === null ? [] : [`<line class="mark" x1="${place(scale, mark)}" x2="${place(scale, mark)}" y1="${top}" y2="${bottom}"/>`, `<text x="${place(scale, mark)}" y="${top - 4}" text-anchor="middle">${marked} ${shown(mark)}</text>`]),
      `<text x="${LEFT}" y="${bottom + 15}">${shown(scale.from)}</text>`,
      `<text x="${WIDTH - RIGHT}" y="${bottom + 15}" text-anchor="end">${shown(scale.to)}</text>`,
    ],
    bottom: bottom + GAP,
  };
}

export function plotOf({ router, verdict, intervals, gain, logged, share }: EvaluationReport): string {
  const judged: EvaluationInterval = { of: "gain", estimator: `verdict (${gain.form})`, method: "betting", level: 1 - share, lower: gain.lower, upper: gain.upper, guarantee: "finite-sample" };
  const gained = part("gain over what was logged", [judged, ...intervals.filter(({ of }) => of === "gain")], gain.needed, "needed", HEAD + 10);
  const valued = intervals.filter(({ of }) => of === "value");
  const value = valued.length === 0 ? { lines: [], bottom: gained.bottom } : part("reward under the candidate", valued, logged.value, "logged", gained.bottom + 20);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${value.bottom}" width="${WIDTH}" height="${value.bottom}" role="img" aria-label="${router}: ${verdict}">`,
    `<style>${STYLE}</style>`,
    `<text x="8" y="22" font-size="15" font-weight="600">${router}: ${verdict}</text>`,
    ...gained.lines,
    ...value.lines,
    "</svg>",
    "",
  ].join("\n");
}

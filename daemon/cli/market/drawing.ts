/** Price, use and regret over time as one SVG, with nothing of anybody else in it; readable on light and dark. Pure. */
import type { MarketSlot, MarketWindow } from "../../../proto/market.ts";

const [WIDTH, HEIGHT, LEFT, GAP] = [880, 150, 70, 34] as const;
/** Points of one line; more slots are drawn by the largest of each run, so that no peak is lost. */
const POINTS_MAX = 800;
const COLOURS = ["a", "b", "c", "d"] as const;
const STYLE = "svg{background:#fff;color:#222;font:12px system-ui,sans-serif}.a{stroke:#0b62c4;fill:#0b62c4}.b{stroke:#b3541e;fill:#b3541e}.c{stroke:#2c7a39;fill:#2c7a39}.d{stroke:#7a3ba8;fill:#7a3ba8}polyline{fill:none;stroke-width:1.5}text{fill:currentColor;stroke:none}.axis{stroke:#8888}.promise{stroke:#888;stroke-dasharray:4 3}@media(prefers-color-scheme:dark){svg{background:#16181c;color:#ddd}.a{stroke:#6db1ff;fill:#6db1ff}.b{stroke:#f2a36b;fill:#f2a36b}.c{stroke:#7fd18b;fill:#7fd18b}.d{stroke:#c79af0;fill:#c79af0}}";

interface Line {
  readonly name: string;
  readonly style: string;
  readonly values: readonly number[];
}

const shown = (value: number): string => String(Number(value.toPrecision(4)));

function thinned(values: readonly number[]): number[] {
  const run = Math.ceil(values.length / POINTS_MAX);
  return Array.from({ length: Math.ceil(values.length / run) }, (_, i) => Math.max(...values.slice(i * run, (i + 1) * run)));
}

function chart(title: string, lines: readonly Line[], top: number): string {
  const all = lines.flatMap(({ values }) => values);
  const [low, high] = [Math.min(0, ...thinned(all.map((value) => -value)).map((value) => -value)), Math.max(...thinned(all), 1e-9)];
  const y = (value: number): string => (top + HEIGHT - ((value - low) / (high - low)) * HEIGHT).toFixed(1);
  const drawn = lines.map(({ style, values }) => {
    const points = thinned(values);
    const step = (WIDTH - LEFT - 10) / Math.max(1, points.length - 1);
    return `<polyline class="${style}" points="${points.map((value, i) => `${(LEFT + i * step).toFixed(1)},${y(value)}`).join(" ")}"/>`;
  });
  const names = lines.map(({ name, style }, i) => `<g class="${style}"><rect x="${LEFT + 130 + i * 150}" y="${top - 17}" width="10" height="3"/><text x="${LEFT + 144 + i * 150}" y="${top - 12}">${name}</text></g>`);
  return `<g><text x="${LEFT}" y="${top - 12}" font-weight="600">${title}</text><path class="axis" d="M${LEFT} ${top}V${top + HEIGHT}H${WIDTH - 10}" fill="none"/><text x="4" y="${top + 10}">${shown(high)}</text><text x="4" y="${top + HEIGHT}">${shown(low)}</text>${drawn.join("")}${names.join("")}</g>`;
}

/** `null` where no slot is over yet. Resources are those of the last window; slots of other ones are left out. */
export function drawing(slots: readonly MarketSlot[], windows: readonly MarketWindow[]): string | null {
  const resources = windows.at(-1)?.resources ?? [];
  const same = (window: MarketWindow): boolean => window.resources.map(({ resource }) => resource).join() === resources.map(({ resource }) => resource).join();
  const from = windows[windows.findLastIndex((window) => !same(window)) + 1]?.epoch ?? 0;
  // Before the first window that is kept nothing says what was priced; a number of prices that differs does.
  const rows = slots.filter(({ epoch, prices }) => prices.length === resources.length && (windows.every(same) || epoch >= from));
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined || resources.length === 0) return null;
  const of = (value: (row: MarketSlot, i: number) => number): Line[] => resources.map(({ resource }, i) => ({ name: resource, style: COLOURS[i] ?? "a", values: rows.map((row) => value(row, i)) }));
  const charts = [
    chart("price, $", of(({ prices }, i) => prices[i] ?? 0), 40),
    chart("use of capacity", of(({ used }, i) => (used[i] ?? 0) / (resources[i]?.capacity ?? 1)), 40 + HEIGHT + GAP),
    chart("regret, $", [{ name: "regret", style: "b", values: rows.map(({ regret }) => regret) }, { name: "promise", style: "promise", values: rows.map(({ promise }) => promise) }], 40 + 2 * (HEIGHT + GAP)),
  ];
  const total = 40 + 3 * (HEIGHT + GAP) + 10;
  const time = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${total}" role="img" aria-label="market"><style>${STYLE}</style>${charts.join("")}<text x="${LEFT}" y="${total - 12}">slots ${first.epoch} to ${last.epoch}, ${time(first.at_ms)} to ${time(last.at_ms)} UTC</text></svg>\n`;
}

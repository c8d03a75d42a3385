/** Spans of time as people write them: `5m`, `1h30m`, `1.5s`. */

const UNIT_MS: Readonly<Record<string, bigint>> = { ms: 1n, s: 1_000n, m: 60_000n, h: 3_600_000n, d: 86_400_000n };
const PART = /(\d{1,15})(?:\.(\d{1,9}))?(ms|s|m|h|d)/y;

/** Whole milliseconds, or `null` where the text is no span of time or has a part of a millisecond. */
export function durationMs(text: string): bigint | null {
  const negative = text.startsWith("-");
  let at = negative ? 1 : 0;
  if (at === text.length) return null;
  let total = 0n;
  while (at < text.length) {
    PART.lastIndex = at;
    const [part, whole, fraction = "", unit] = PART.exec(text) ?? [];
    if (part === undefined || whole === undefined || unit === undefined) return null;
    const scale = 10n ** BigInt(fraction.length);
    const units = BigInt(whole + fraction) * (UNIT_MS[unit] ?? 0n);
    if (units % scale !== 0n) return null;
    total += units / scale;
    at += part.length;
  }
  return negative ? -total : total;
}

// Without days, which CEL does not know.
const DOWNWARD = ["h", "m", "s", "ms"] as const;

/** The shortest way to write it back: 90000 as `1m30s`. */
export function durationText(ms: bigint): string {
  if (ms === 0n) return "0s";
  let rest = ms < 0n ? -ms : ms;
  let text = ms < 0n ? "-" : "";
  for (const unit of DOWNWARD) {
    const size = UNIT_MS[unit] ?? 1n;
    if (rest >= size) text += `${rest / size}${unit}`;
    rest %= size;
  }
  return text;
}

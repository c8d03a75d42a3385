/** One line of `maestro doctor`: what was looked at, how it stands, and what to do. */
export interface Finding {
  readonly check: string;
  /** `warn`: something is missing that this machine may never need. `skip`: it could not be looked at, and why. */
  readonly state: "ok" | "warn" | "fail" | "skip";
  readonly detail: string;
  /** What an operator does about it; null where all is well. */
  readonly remedy: string | null;
}

export const ok = (check: string, detail: string): Finding => ({ check, state: "ok", detail, remedy: null });
export const warn = (check: string, detail: string, remedy: string): Finding => ({ check, state: "warn", detail, remedy });
export const fail = (check: string, detail: string, remedy: string): Finding => ({ check, state: "fail", detail, remedy });
export const skip = (check: string, detail: string): Finding => ({ check, state: "skip", detail, remedy: null });

/** Dotted versions by their numbers. */
export function isAtLeast(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => text.split(".").map(Number));
  for (let i = 0; i < (b?.length ?? 0); i++) {
    const [have = 0, want = 0] = [a?.[i], b?.[i]];
    if (have !== want) return have > want;
  }
  return true;
}

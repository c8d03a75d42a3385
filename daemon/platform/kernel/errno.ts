/** `code` of a system error (`ENOENT`, `EPIPE`), or undefined where the thrown value has none. */
export function errno(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

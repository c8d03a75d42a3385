/** Reports a job hands in beside its change: bounded, and part of what was asked. */
import { sha256 } from "@noble/hashes/sha2.js";
import { canonicalBytes } from "../../../proto/canonical.ts";
import type { GateConfig } from "../../../proto/config.ts";
import { fromBase64, toHex } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { HandedReport } from "../../../proto/report.ts";

/** Throws `request.malformed` for two of one name, `request.too_large` above `bytes_max` together. */
export function checkHanded(reports: readonly HandedReport[] = [], bytes_max: number): void {
  const names = reports.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new MaestroError("request.malformed", `two reports are called ${twice}`);
  const bytes = reports.reduce((sum, { bytes: base64 }) => sum + Math.floor((base64.length * 3) / 4), 0);
  if (bytes > bytes_max) throw new MaestroError("request.too_large", `reports of ${bytes} bytes, handed_bytes_max is ${bytes_max}`);
}

/** One digest of all reports by name, in whatever order they came; null for none. */
export function handedDigest(reports: readonly HandedReport[] = []): string | null {
  if (reports.length === 0) return null;
  const digests = reports.map(({ name, bytes }) => ({ name, sha256: toHex(sha256(fromBase64(bytes) ?? new Uint8Array(0))) }));
  return toHex(sha256(canonicalBytes(digests.sort((a, b) => (a.name < b.name ? -1 : 1)))));
}

/** Names of reports that no obligation reads: handed in by mistake, or under a wrong name. */
export function unreadReports({ obligations }: Pick<GateConfig, "obligations">, reports: readonly HandedReport[] = []): string[] {
  const read = new Set(Object.values(obligations).map(({ from }) => from.report));
  return reports.map(({ name }) => name).filter((name) => !read.has(name)).sort();
}

/** One report by its format. Runs inside a check process: a parser of a stranger's bytes is never the daemon's. */
import type { ReportFormat } from "../../../proto/report.ts";
import { openJson } from "./json.ts";
import { openJunit } from "./junit.ts";
import { openLcov } from "./lcov.ts";
import { broken, BrokenReport, type Report } from "./reading.ts";
import { openStryker } from "./stryker.ts";

const FORMATS: Readonly<Record<ReportFormat, (bytes: Uint8Array) => Report>> = { lcov: openLcov, junit: openJunit, stryker: openStryker, json: openJson };

/** Never throws for what stands in the bytes: every question to a broken report is answered with what is wrong with it. */
export function openReport(format: ReportFormat, bytes: Uint8Array): Report {
  try {
    return FORMATS[format](bytes);
  } catch (error) {
    if (!(error instanceof BrokenReport)) throw error;
    return () => broken(error.message);
  }
}

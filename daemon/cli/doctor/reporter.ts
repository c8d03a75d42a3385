/** What the reporter could not publish, by the file it keeps. It is looked at only: the reporter owns it. */
import { existsSync, readFileSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import type { Locations } from "../../../proto/locations.ts";
import { ReporterState } from "../../../proto/status.ts";
import { fail, ok, warn, type Finding } from "./finding.ts";

const REMEDY = "mend what the host says (token, project, address), then gate those changes again with --rerun, which publishes them anew";

/** Of the unit, and of `maestro reporter` without one. */
const places = ({ state_dir }: Pick<Locations, "state_dir">): string[] => ["/var/lib/maestro-reporter/reporter.json", `${state_dir}/reporter/reporter.json`];

/** None where no reporter ever ran on this machine. */
export function reporterFindings(locations: Pick<Locations, "state_dir">): Finding[] {
  return places(locations).flatMap((path) => {
    try {
      return existsSync(path) ? [findingOf(path, JSON.parse(readFileSync(path, "utf8")))] : [];
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return [warn("reporter", `${path} cannot be read: ${error.message}`, "ask as its owner or as root")];
    }
  });
}

function findingOf(path: string, state: unknown): Finding {
  if (!Value.Check(ReporterState, state)) return fail("reporter", `${path} is no state of the reporter`, "move it away and restart the reporter: everything is published once more");
  const { dead, dead_total, published } = state;
  const last = dead.at(-1);
  if (last === undefined) return ok("reporter", `${published} verdicts published`);
  return fail("reporter", `${dead_total} of ${dead_total + published} verdicts could not be published; the last, of ${last.repository} ${last.head.slice(0, 12)} at ${last.at}: ${last.because}`, REMEDY);
}

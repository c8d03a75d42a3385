/** What releases do to a decision's reasons: one that people saw and may release becomes a note that names them. Pure. */
import type { Reason } from "../../proto/decision.ts";
import type { ReleaseKind } from "../../proto/release.ts";
import { decides, marksOf, whyNot } from "./marks.ts";
import type { RecordedRelease, Standing } from "./standing.ts";

const BECAUSE_CHARACTERS_MAX = 1000;
const KINDS: readonly ReleaseKind[] = ["approve", "override"];
const SAYS: Readonly<Record<ReleaseKind, string>> = { approve: "approved", override: "overridden" };

const sees = ({ release: { request } }: RecordedRelease, { rule, effect }: Reason, mark: string): boolean =>
  request.reasons.some((seen) => seen.rule === rule && (seen.effect === "refuse" || effect === "hold") && seen.fingerprints.includes(mark));

/** Who has released this mark, in words, where they are enough; else nobody. */
function releasers(standing: Standing, reason: Reason, mark: string, kind: ReleaseKind): readonly string[] {
  if (whyNot(reason, kind) !== null) return [];
  const seen = standing.counted.filter((one) => one.release.request.kind === kind && sees(one, reason, mark)).map(({ release }) => release.request.person);
  const people = new Set(kind === "approve" ? [...seen, ...standing.supposed] : seen);
  return people.size >= (kind === "override" ? standing.persons : 1) ? [...people].map((person) => `${SAYS[kind]} by ${person}`) : [];
}

function released(reason: Reason, standing: Standing): Reason {
  if (!decides(reason)) return reason;
  const marks = marksOf(reason);
  const by = marks.map((mark) => KINDS.flatMap((kind) => releasers(standing, reason, mark, kind)));
  const lifted = by.filter((list) => list.length > 0).length;
  if (lifted === 0) return reason;
  const clip = (text: string) => text.slice(0, BECAUSE_CHARACTERS_MAX).toWellFormed();
  if (lifted < marks.length) return { ...reason, because: clip(`${reason.because} (${lifted} of ${marks.length} were released; the rest nobody had seen)`) };
  const who = [...new Set(by.flat())].sort().join(", ");
  return { ...reason, effect: "note", because: clip(`${who}: ${reason.because}`) };
}

export function applyReleases(reasons: readonly Reason[], standing: Standing): Reason[] {
  return standing.counted.length + standing.supposed.length === 0 ? [...reasons] : reasons.map((reason) => released(reason, standing));
}

/** Workflow commands that annotate lines of a change in GitHub Actions. Pure. */
import { pathText } from "../../../proto/scalar.ts";
import { visible } from "../../verifier/visible.ts";
import { saidOf } from "./place.ts";
import { byWeight, weigh, type Report } from "./report.ts";

/** What GitHub keeps of each kind for one step; it drops the rest without a word. */
const ANNOTATIONS_PER_KIND_MAX = 10;
const MESSAGE_CHARACTERS_MAX = 1_000;

const KIND = { refuse: "error", hold: "warning", note: "notice" } as const;
type Kind = (typeof KIND)[keyof typeof KIND];

interface Annotation {
  readonly kind: Kind;
  readonly title: string;
  readonly text: string;
  readonly place: readonly (readonly [string, string])[];
}

/** The runner decodes these; a colon or comma left in place would end the value. Line ends, which would end the command, are written out with all that cannot be seen. */
const ENCODED: Readonly<Record<string, string>> = { "%": "%25", ":": "%3A", ",": "%2C" };
const data = (text: string): string => visible(text).replaceAll("%", "%25");
const property = (text: string): string => visible(text).replace(/[%:,]/g, (one) => ENCODED[one] ?? one);

function line({ kind, title, text, place }: Annotation): string {
  const properties = [...place, ["title", title] as const].map(([name, value]) => `${name}=${property(value)}`).join(",");
  return `::${kind} ${properties}::${data(text.slice(0, MESSAGE_CHARACTERS_MAX))}`;
}

function ofFindings({ card, found }: Report): Annotation[] {
  const weight = weigh(card);
  return byWeight(found.findings, weight).flatMap((one) => {
    const heavy = weight(one);
    if (heavy === "none") return [];
    const { rule, range } = one.finding;
    const place = range === null ? [] : ([["file", pathText(range.path)], ["line", String(range.start_line)], ["endLine", String(Math.max(range.start_line, range.end_line))]] as const);
    return [{ kind: KIND[heavy], title: rule, text: saidOf(one.finding), place }];
  });
}

/** Reasons that hang on no finding, such as a check that did not answer. */
function ofReasons({ card }: Report): Annotation[] {
  return card.reasons
    .filter(({ fingerprints, effect, observed }) => fingerprints.length === 0 && !(observed && effect === "note"))
    .map(({ rule, effect, observed, because }) => ({ kind: KIND[observed ? "note" : effect], title: rule, text: because, place: [] }));
}

export interface Annotations {
  readonly lines: readonly string[];
  /** How many there were no room for. */
  readonly cut: number;
}

export function annotations(report: Report): Annotations {
  const all = [...ofReasons(report), ...ofFindings(report)];
  const kept = (["error", "warning", "notice"] as const).flatMap((kind) => all.filter((one) => one.kind === kind).slice(0, ANNOTATIONS_PER_KIND_MAX));
  return { lines: kept.map(line), cut: all.length - kept.length + report.found.cut };
}

/** As one text for a job's log. What was left out is said in a line that is no annotation, because that would cost one. */
export function renderAnnotations(report: Report): string {
  const { lines, cut } = annotations(report);
  const said = cut === 0 ? [] : [`maestro: ${cut} more finding(s) have no annotation; GitHub keeps ${ANNOTATIONS_PER_KIND_MAX} of a kind for each step`];
  return [...lines, ...said].map((one) => `${one}\n`).join("");
}

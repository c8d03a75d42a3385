/** Asks one answerer every scenario, and a part of them written otherwise, and grades what comes back. */
import { Absent, changeOf, type Change } from "./changes.ts";
import type { Answerer, Asked } from "./asking.ts";
import { dropOf, type Drop, type Result } from "./figures.ts";
import { grade, type Bench } from "./grading.ts";
import { perturbed, PERTURBATIONS, type Perturbation } from "./perturbations.ts";
import type { Scenario } from "./scenario.ts";

export interface Settings {
  readonly folders: readonly string[];
  readonly bench: Bench;
  /** Every how manieth scenario is also asked in each of the five ways; 0: none. */
  readonly perturb_every: number;
  readonly say: (line: string) => void;
}
export interface Evaluated {
  readonly results: readonly Result[];
  readonly drops: readonly Drop[];
}

type Graded = Pick<Result, "score" | "missed" | "absent" | "verdict" | "draft">;
const none = (absent: string): Graded => ({ score: 0, missed: [], absent });

/** What could not be asked counts as nothing, and is said. */
async function asked(answerer: Answerer, scenario: Scenario, change: Change, judge: (answer: Asked) => Pick<Result, "score" | "missed">): Promise<Graded> {
  try {
    const answer = await answerer(scenario, change);
    const { verdict, draft } = answer;
    return { ...judge(answer), ...(verdict === undefined ? {} : { verdict }), ...(draft === undefined ? {} : { draft }) };
  } catch (cause) {
    return none(cause instanceof Error ? cause.message : String(cause));
  }
}

function changeFor(scenario: Scenario, folders: readonly string[]): Change | Absent {
  try {
    return changeOf(scenario, folders);
  } catch (cause) {
    if (cause instanceof Absent) return cause;
    throw cause;
  }
}

async function otherwise(way: Perturbation, answerer: Answerer, scenario: Scenario, change: Change, bench: Bench): Promise<Result | null> {
  const other = perturbed(way, scenario, change);
  if (other === null) return null;
  const judge = ({ text, faces }: Asked): Pick<Result, "score" | "missed"> => grade(scenario, other.graded, { text: other.restored(text), faces }, bench);
  return { id: scenario.id, kind: scenario.kind, ...(await asked(answerer, other.scenario, other.change, judge)) };
}

export async function evaluate(answerer: Answerer, scenarios: readonly Scenario[], { folders, bench, perturb_every, say }: Settings): Promise<Evaluated> {
  const results: Result[] = [];
  const others = new Map<Perturbation, Result[]>(PERTURBATIONS.map((way) => [way, []]));
  for (const [place, scenario] of scenarios.entries()) {
    const change = changeFor(scenario, folders);
    const graded = change instanceof Absent ? none(change.message) : await asked(answerer, scenario, change, (answer) => grade(scenario, change, answer, bench));
    results.push({ id: scenario.id, kind: scenario.kind, ...graded });
    say(`${scenario.id} ${graded.score.toFixed(2)}${graded.absent === undefined ? "" : ` (${graded.absent.slice(0, 160)})`}`);
    if (perturb_every === 0 || place % perturb_every !== 0 || change instanceof Absent) continue;
    for (const way of PERTURBATIONS) {
      const result = await otherwise(way, answerer, scenario, change, bench);
      if (result !== null) others.get(way)?.push(result);
    }
  }
  return { results, drops: perturb_every === 0 ? [] : PERTURBATIONS.map((way) => dropOf(way, results, others.get(way) ?? [])) };
}

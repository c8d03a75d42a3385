/** Answers that a person gave to scenarios of the held-out set: what has to pass, and what must not. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Type, type Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { Closed } from "../../proto/scalar.ts";
import { Absent, changeOf, type Change } from "./changes.ts";
import { grade, PASS, type Bench } from "./grading.ts";
import { readScenarios, withCredentials, type Kind, type Scenario } from "./scenario.ts";

const Answers = Type.Array(Closed({ id: Type.String(), good: Type.String(), lazy: Type.String() }));
const NOTHING: Change = { title: "", before: {}, after: {} };

export const readAnswers = (): Static<typeof Answers> => Value.Decode(Answers, Bun.YAML.parse(readFileSync(join(import.meta.dir, "answers-held-out.yaml"), "utf8")));

/** Words are graded without the change, which may be somebody else's and not here; a patch is not. */
function changeFor(scenario: Scenario): Change {
  try {
    return changeOf(scenario, []);
  } catch (cause) {
    if (cause instanceof Absent) return NOTHING;
    throw cause;
  }
}

/** Each answer to a scenario of that kind which is not worth what it should be. */
export function misjudged(bench: Bench, kinds: (kind: Kind) => boolean): string[] {
  const held = new Map(readScenarios("held-out").map((one) => [one.id, withCredentials(one)]));
  return readAnswers().flatMap(({ id, good, lazy }) => {
    const scenario = held.get(id);
    if (scenario === undefined) return [`${id} is no scenario`];
    if (!kinds(scenario.kind)) return [];
    const worth = (text: string): number => grade(scenario, changeFor(scenario), { text, faces: [text] }, bench).score;
    const [best, worst] = [worth(good), worth(lazy)];
    return best >= PASS && worst < PASS ? [] : [`${id}: good ${best}, lazy ${worst}`];
  });
}

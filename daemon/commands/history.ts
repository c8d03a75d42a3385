/** What is known of tests that have failed here: by repository, command and test, bounded and aged. Runs over the target's tip alone teach it: whoever pushes chooses what else there is to run. */
import { createHash } from "node:crypto";
import { Type, type Static } from "@sinclair/typebox";
import type { FlakyRate } from "../../proto/failed-test.ts";
import { Closed, Count, GitOid } from "../../proto/scalar.ts";
import type { Store } from "../store/db.ts";
import { LAST_TEXT } from "../store/table.ts";
import { rateOf } from "./flakiness.ts";

const Tree = Type.Union([GitOid, Type.Null()]);
/** `runs` and `flakes` since the first failure, which is not counted: it is why the test is watched. */
const TestRow = Closed({ runs: Count, failures: Count, flakes: Count, failed_tree: Tree, passed_tree: Tree, flake_tree: Tree, last_s: Count });
type TestRow = Static<typeof TestRow>;

export interface TestPlace {
  readonly repo_id: string;
  readonly command: string;
}

export interface TestHistory {
  /** Tests whose passing is worth knowing. */
  watched(place: TestPlace): string[];
  /** One run of the command over one tree, named by a digest of the tree and how it was run; `passed` names watched tests alone. */
  ran(place: TestPlace, tree: string, failed: readonly string[], passed: readonly string[]): void;
  /** Of those that are known to be flaky. */
  rates(place: TestPlace, ids: readonly string[]): Map<string, FlakyRate>;
  /** Tests that nobody saw since then go; how many. */
  expire(before_s: number): number;
}

export interface HistoryDeps {
  readonly store: Store;
  readonly now_s: () => number;
  /** Tests kept of one command. */
  readonly tests_max?: number;
}

const TESTS_MAX = 500;
/** A test that nobody saw for so long is another one by now. */
const AGE_S_MAX = 90 * 86_400;

const NEW: Omit<TestRow, "failed_tree" | "last_s"> = { runs: 0, failures: 0, flakes: 0, passed_tree: null, flake_tree: null };

/** Both answers on one tree count once for each tree. `tree`: any digest that tells them apart. */
function flake(row: TestRow, tree: string): TestRow {
  return row.flake_tree === tree ? row : { ...row, flakes: row.flakes + 1, flake_tree: tree };
}

function afterFailure(row: TestRow | undefined, tree: string, last_s: number): TestRow {
  if (row === undefined) return { ...NEW, failed_tree: tree, last_s };
  const counted = { ...row, runs: row.runs + 1, failures: row.failures + 1, failed_tree: tree, last_s };
  return row.passed_tree === tree ? flake(counted, tree) : counted;
}

function afterPass(row: TestRow, tree: string, last_s: number): TestRow {
  const counted = { ...row, runs: row.runs + 1, passed_tree: tree, last_s };
  return row.failed_tree === tree ? flake(counted, tree) : counted;
}

export function openTestHistory({ store, now_s, tests_max = TESTS_MAX }: HistoryDeps): TestHistory {
  const rows = store.table<readonly [string, string], typeof TestRow>("tests.history", TestRow);
  const keyOf = ({ repo_id, command }: TestPlace): string => createHash("sha256").update(JSON.stringify([repo_id, command])).digest("hex");
  const of = (place: string) => [...rows.entries({ start: [place, ""], end: [place, LAST_TEXT], limit: 2 * tests_max })];

  /** What is old goes, then who was never flaky and not seen longest. */
  function bound(place: string): void {
    const all = of(place);
    const old = all.filter(({ value }) => value.last_s < now_s() - AGE_S_MAX);
    const rest = all.filter((entry) => !old.includes(entry)).toSorted((a, b) => Math.min(1, b.value.flakes) - Math.min(1, a.value.flakes) || b.value.last_s - a.value.last_s);
    for (const { key } of [...old, ...rest.slice(tests_max)]) rows.remove(key);
  }

  return {
    watched: (place) => of(keyOf(place)).map(({ key }) => key[1]).slice(0, tests_max),
    ran(place, tree, failed, passed) {
      const key = keyOf(place);
      const known = failed.slice(0, tests_max);
      const fine = passed.filter((id) => !failed.includes(id) && rows.get([key, id]) !== undefined);
      if (known.length + fine.length === 0) return;
      store.atomic(() => {
        for (const id of known) rows.put([key, id], afterFailure(rows.get([key, id]), tree, now_s()));
        for (const id of fine) {
          const row = rows.get([key, id]);
          if (row !== undefined) rows.put([key, id], afterPass(row, tree, now_s()));
        }
        bound(key);
      });
    },
    expire(before_s) {
      const old = [...rows.entries()].filter(({ value }) => value.last_s < before_s);
      if (old.length > 0) store.atomic(() => old.forEach(({ key }) => rows.remove(key)));
      return old.length;
    },
    rates(place, ids) {
      const key = keyOf(place);
      const found = new Map<string, FlakyRate>();
      for (const id of ids) {
        const row = rows.get([key, id]);
        const rate = row === undefined || row.last_s < now_s() - AGE_S_MAX ? null : rateOf(row);
        if (rate !== null) found.set(id, rate);
      }
      return found;
    },
  };
}

/** Retry: one try more than there are. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { gateId } from "../../../../proto/change.ts";
import type { CexFields } from "../../../../proto/counterexample.ts";
import { toBase64 } from "../../../../proto/encoding.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import { openCursor } from "../../../reporter/cursor.ts";
import type { Reporter } from "../../../reporter/reporter.ts";
import { makeBundle, newRing, NOW, SAMPLE_IDENTITY, trustWith } from "../../../testing/evidence.ts";
import { FAULTS } from "../../modelcheck/traces/testing/runs.ts";
import { recorded } from "../../modelcheck/traces/testing/recorded.ts";
import { number, numbersOf, type Plan, type Subject } from "./subject.ts";

const TRIES_MAX = 10;
const VERDICTS = 24;

const ring = newRing();
const TRUST = trustWith(ring, (body) => ({ ...body, keys: body.keys.map((key) => ({ ...key, modes: ["host", "local"] as const, repository_ids: ["*"] })) }) as typeof body);
const VERDICT = (() => {
  const bundles = new Map<string, string>();
  const rows = Array.from({ length: VERDICTS }, (_, place) => {
    const identity = { head: String(place).padStart(40, "0") };
    const whole = { ...SAMPLE_IDENTITY, ...identity };
    bundles.set(gateId(whole), toBase64(makeBundle(ring, { identity, mode: "host", attempt: { attempt: 1, supersedes: null } })));
    return { place, gate_id: gateId(whole), attempt: 1, repo_id: whole.repo_id, head: whole.head, verdict: "hold" as const };
  });
  return { rows, bundles };
})();

/** `fail`: the host is away at the next try; `publish`: it takes it. */
async function drive(code: ReadonlyMap<string, object>, { actions }: Plan) {
  const { Reporter: Made } = code.get("reporter/reporter.ts") as { readonly Reporter: typeof Reporter };
  const dir = mkdtempSync(join(tmpdir(), "agree-retry-"));
  const states: CexFields[] = [{ tries: 0, tries_max: TRIES_MAX }];
  let answer: "fail" | "publish" = "fail";
  try {
    const recording = await recorded(async () => {
      // A step that failed says how often by now in the line for the operator; any other begins anew.
      let tries = 0;
      const reporter = new Made({
        feed: (after) => Promise.resolve({ next: VERDICTS, more: false, total: VERDICTS, entries: VERDICT.rows.slice(after) }),
        bundle: (gate_id) => Promise.resolve({ gate_id, attempt: 1, bundle: VERDICT.bundles.get(gate_id) ?? "" }),
        trust: () => TRUST,
        publishes: () => true,
        publish: () => (answer === "fail" ? Promise.reject(new MaestroError("egress.failed", "the host is away")) : Promise.resolve()),
        cursor: openCursor(dir),
        now_ms: () => NOW.getTime(),
        random: () => 0.5,
        tell: (line) => {
          if (line["event"] === "not published") tries = Number(line["tries"]);
          if (line["event"] === "given up" || line["event"] === "published") tries = 0;
        },
      }, 7);
      for (const action of actions) {
        answer = action === "fail" ? "fail" : "publish";
        await reporter.step();
        states.push({ tries, tries_max: TRIES_MAX });
      }
    });
    return { states, recording };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const fails = (count: number): string[] => Array.from({ length: count }, () => "fail");

export const retry: Subject = {
  name: "retry",
  fault: FAULTS.find(({ title }) => title === "one try more than there are")!,
  yaml: `id: INV.RETRY.TRIES
scope: delivery
when: [{event: delivery_tried}]
fields: {tries: int, tries_max: int}
assert:
  - expr: tries >= 0 && tries < tries_max
    message: '{{tries}} tries of {{tries_max}}, and it is still not given up'
`,
  plans: fc.record({ params: fc.constant({}), actions: fc.array(fc.oneof({ weight: 15, arbitrary: fc.constant("fail") }, { weight: 1, arbitrary: fc.constant("publish") }), { minLength: 8, maxLength: 16 }) }),
  drive,
  step: {
    fields: ["tries", "tries_max"],
    premises: ["tries >= 0 && tries < tries_max && tries_max == 10"],
    allowed: { sound: "tries + 1 < tries_max", broken: "tries + 1 <= tries_max" },
    after: "tries + 1 < tries_max",
  },
  /** Whether a verdict that failed that often is tried again after it failed once more. */
  async allowed(code, values) {
    const tries = number(values, "tries");
    const { states } = await drive(code, { params: {}, actions: fails(tries + 1) });
    return states.at(-1)?.["tries"] === tries + 1;
  },
  grid: [0, 4, 8, 9].map((tries) => ({ tries, tries_max: TRIES_MAX })),
  planOf: (values) => ({ params: {}, actions: fails(number(values, "tries") + 1) }),
  valuesOf: (trace) => numbersOf(trace.at(-2)!.state),
  model: {
    twin: { operator: "Again", parameters: "", body: "tries + 1 <= TriesMax" },
    constants: { Entries: "1", TriesMax: String(TRIES_MAX), Crashes: "0" },
    invariant: "TriesBounded",
    planOf({ steps }) {
      return {
        params: {},
        actions: steps.slice(1).map(({ action }) => {
          // Whether the host has what it did not answer the reporter cannot tell either.
          if (action?.name === "Fail" || action?.name === "PublishUnheard") return "fail";
          throw new Error(`no action for ${action?.name}`);
        }),
      };
    },
  },
};

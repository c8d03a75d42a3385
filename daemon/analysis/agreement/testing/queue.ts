/** Queue: one more goes in than there are places. */
import fc from "fast-check";
import type { CexFields } from "../../../../proto/counterexample.ts";
import type { Json } from "../../../../proto/json.ts";
import type { Turnstile } from "../../../gate/turnstile.ts";
import type { Shares } from "../../../platform/pool/shares.ts";
import { FAULTS } from "../../modelcheck/traces/testing/runs.ts";
import { recorded } from "../../modelcheck/traces/testing/recorded.ts";
import { number, numbersOf, type Plan, type Subject } from "./subject.ts";

const settled = async (): Promise<void> => {
  for (let i = 0; i < 8; i++) await Promise.resolve();
};

/** `come TENANT` and `finish TENANT`, its first that is inside. */
async function drive(code: ReadonlyMap<string, object>, { params, actions }: Plan) {
  const { Turnstile: Made } = code.get("gate/turnstile.ts") as { readonly Turnstile: typeof Turnstile };
  const [places, waiting_max] = [number(params, "places"), number(params, "waiting_max")];
  const states: CexFields[] = [];
  const recording = await recorded(async () => {
    const turnstile = new Made(places, waiting_max);
    const inside: { readonly tenant: string; readonly done: () => void }[] = [];
    const look = (): void => {
      const held = [...Map.groupBy(inside, ({ tenant }) => tenant).values()].map(({ length }) => length);
      states.push({ inside: turnstile.inside, places, waiting: turnstile.waiting, waiting_max, held_max: Math.max(0, ...held) });
    };
    look();
    for (const action of actions) {
      const [what, tenant = ""] = action.split(" ");
      if (what === "come") {
        const gate = Promise.withResolvers<void>();
        const one = { tenant, done: gate.resolve };
        void turnstile.pass(() => (inside.push(one), gate.promise), new AbortController().signal, tenant).catch(() => undefined);
      } else {
        const at = inside.findIndex((one) => one.tenant === tenant);
        if (at >= 0) inside.splice(at, 1)[0]?.done();
      }
      await settled();
      look();
    }
  });
  return { states, recording };
}

const setOf = (value: Json | undefined): string[] => {
  const set = (value as { readonly "#set"?: readonly Json[] } | undefined)?.["#set"] ?? [];
  return set.map((one) => JSON.stringify(one));
};
const tenantIn = (job: string): string => /"#unserializable":"(\w+)"/.exec(job)?.[1] ?? "nobody";

export const queue: Subject = {
  name: "queue",
  fault: FAULTS.find(({ file }) => file === "platform/pool/shares.ts")!,
  yaml: `id: INV.QUEUE.SHARE
scope: queue
when: [{event: place_taken}]
fields: {inside: int, places: int, waiting: int, waiting_max: int, held_max: int}
assert:
  - expr: inside <= 2 * places && waiting <= waiting_max && (inside <= places || held_max <= places)
    message: '{{inside}} are inside {{places}} places, and one tenant holds {{held_max}} of them'
`,
  plans: fc.record({
    params: fc.record({ places: fc.integer({ min: 1, max: 3 }), waiting_max: fc.integer({ min: 1, max: 2 }) }),
    actions: fc.array(fc.tuple(fc.constantFrom("come", "come", "finish"), fc.constantFrom("web", "lib")).map((words) => words.join(" ")), { minLength: 1, maxLength: 12 }),
  }),
  drive,
  step: {
    fields: ["inside", "places", "held", "held_max"],
    premises: ["places >= 1 && places <= 4 && held >= 0 && held <= held_max && held_max <= inside", "held == held_max || held + held_max <= inside", "inside <= 2 * places && (inside <= places || held_max <= places)"],
    allowed: { sound: "inside < places || (held == 0 && inside < 2 * places)", broken: "inside <= places || (held == 0 && inside < 2 * places)" },
    after: "inside + 1 <= 2 * places && (inside + 1 <= places || (held + 1 > held_max ? held + 1 : held_max) <= places)",
  },
  allowed(code, values) {
    const { Shares: Made } = code.get("platform/pool/shares.ts") as { readonly Shares: typeof Shares };
    const shares = new Made(number(values, "places"));
    for (let i = 0; i < number(values, "inside"); i++) shares.take(i < number(values, "held") ? "own" : `other ${i}`);
    return shares.admits("own");
  },
  grid: [1, 2, 3].flatMap((places) => Array.from({ length: 2 * places + 1 }, (_, inside) => inside).flatMap((inside) => Array.from({ length: inside + 1 }, (_, held) => ({ places, inside, held, held_max: Math.max(held, inside > held ? 1 : 0) })))),
  planOf(values) {
    const [inside, held, held_max] = [number(values, "inside"), number(values, "held"), number(values, "held_max")];
    const most = held_max > held ? held_max : 0;
    const others = Array.from({ length: inside - held - most }, (_, i) => `come other${i}`);
    const actions = [...Array.from({ length: held }, () => "come web"), ...Array.from({ length: most }, () => "come lib"), ...others, "come web"];
    return { params: { places: number(values, "places"), waiting_max: 1 }, actions };
  },
  valuesOf(trace) {
    const [before, last] = [trace.at(-2)!, trace.at(-1)!];
    const { inside, places, held_max } = numbersOf(before.state);
    const tenant = last.action.split(" ")[1];
    // Whoever came is the one that holds most now: else nothing would have broken.
    const count = (what: string): number => trace.slice(0, -1).filter(({ action }) => action === `${what} ${tenant}`).length;
    return { inside: inside!, places: places!, held: count("come") - count("finish"), held_max: held_max! };
  },
  model: {
    twin: { operator: "Admits", parameters: "(in, t)", body: "Cardinality(in) <= Places \\/ (Held(in, t) = 0 /\\ Cardinality(in) < 2 * Places)" },
    constants: { Tenants: "{web, lib}", Each: "3", Places: "2", WaitingMax: "1" },
    invariant: "OwnShare",
    planOf({ steps }) {
      const actions = steps.slice(1).map((step, index) => {
        const [before, now] = [setOf(steps[index]?.state["inside"]), setOf(step.state["inside"])];
        const came = now.find((job) => !before.includes(job));
        const gone = before.find((job) => !now.includes(job));
        if (step.action?.name === "Come" && came !== undefined) return `come ${tenantIn(came)}`;
        if (step.action?.name === "Finish" && gone !== undefined) return `finish ${tenantIn(gone)}`;
        throw new Error(`no action for ${step.action?.name}`);
      });
      return { params: { places: 2, waiting_max: 1 }, actions };
    },
  },
};

import { toBase64, utf8 } from "../../../proto/encoding.ts";
import type { Facts } from "../../../proto/facts.ts";
import type { ModelOutcome } from "../../../proto/model.ts";
import { defineCheck, type Example } from "./check.ts";

const MODULE = "---- MODULE Queue ----\nEXTENDS Naturals\nVARIABLE waiting\nInit == waiting = 0\nNext == waiting' = (waiting + 1) % 3\nSpec == Init /\\ [][Next]_waiting\nBounded == waiting <= 2\n====\n";
const CFG = "SPECIFICATION Spec\nINVARIANT Bounded\n";
const PASSED: ModelOutcome = { result: "pass", counts: { generated: 4, distinct: 3, left: 0, depth: 3 }, collision: null };
const FAILED: ModelOutcome = { result: "fail", violation: { kind: "invariant", name: "Bounded", exit: 12 }, trace: { steps: [{ action: null, state: { waiting: 3 } }], loop_at: null, stuttering: false }, counts: null };

const base64 = (text: string | null): string | null => (text === null ? null : toBase64(utf8(text)));

/** A declared model of `src/queue.ts`, before and after. */
function declared(spec: readonly [string | null, string | null], cfg: readonly [string | null, string | null] = [CFG, CFG]): Pick<Facts, "formal"> {
  const file = (path: string, [old, now]: readonly [string | null, string | null]) => ({ path, old: base64(old), new: base64(now), unread: null });
  return { formal: { specs: [{ spec: "specs/Queue.tla", code: ["src/queue.ts"] }], invariants: null, files: [file("specs/Queue.tla", spec), file("specs/Queue.cfg", cfg)] } };
}

const CODE: Example["change"] = [{ path: "src/queue.ts", old: "1\n", new: "2\n" }];
const same: Pick<Facts, "formal"> = declared([MODULE, MODULE]);
const LARGER = MODULE.replace("% 3", "% 4");

export default defineCheck({
  id: "modelcheck",
  question: "Do the models of the code still hold, and are they asked as much as before?",
  contents: [],
  reads: ["formal"],
  rules: [
    {
      id: "model.violated",
      title: "A model does not hold",
      why: "TLC has tried every order of events of a small world and found one that breaks what the model promises. The behaviour on the card is the proof.",
      passes: { says: "Mirrored code changes, and TLC finds nothing.", change: CODE, declared: same, ran: PASSED },
      fails: { says: "The change makes the model go where its invariant says it never is.", change: [{ path: "specs/Queue.tla", old: MODULE, new: LARGER }], declared: declared([MODULE, LARGER]), ran: FAILED },
      cannot_see: "Whether the code does what the model does; what a larger world would show; code that no declared model mirrors.",
      replay: "never: none of the 2,200 changes' projects declares a model",
    },
    {
      id: "model.weakened",
      title: "A model is asked less",
      why: "Whoever takes an invariant out of a configuration, makes its world smaller, or has it mirror less code in maestro.yaml, passes without having mended anything.",
      passes: { says: "One more invariant is asked.", change: [{ path: "specs/Queue.cfg", old: CFG, new: `${CFG}INVARIANT TypeOK\n` }], declared: declared([MODULE, MODULE], [CFG, `${CFG}INVARIANT TypeOK\n`]), ran: PASSED },
      fails: { says: "The invariant leaves the configuration.", change: [{ path: "specs/Queue.cfg", old: CFG, new: "SPECIFICATION Spec\n" }], declared: declared([MODULE, MODULE], [CFG, "SPECIFICATION Spec\n"]), ran: PASSED },
      cannot_see: "A definition of the same name that means less: that is model.changed.",
      replay: "never: none of the 2,200 changes' projects declares a model",
    },
    {
      id: "model.changed",
      title: "A model says something else",
      why: "Nothing can show that changed TLA+ promises no less than before, so a person reads it.",
      passes: { says: "A comment is added.", change: [{ path: "specs/Queue.tla", old: MODULE, new: `\\* Of jobs.\n${MODULE}` }], declared: declared([MODULE, MODULE.replace("VARIABLE waiting", "VARIABLE waiting \\* jobs")]), ran: PASSED },
      fails: { says: "The invariant is another one under its old name.", change: [{ path: "specs/Queue.tla", old: MODULE, new: MODULE.replace("<= 2", "<= 9") }], declared: declared([MODULE, MODULE.replace("<= 2", "<= 9")]), ran: PASSED },
      cannot_see: "What the change means.",
      replay: "never: none of the 2,200 changes' projects declares a model",
    },
    {
      id: "model.removed",
      title: "A declared model is gone",
      why: "The base declares it, so it counts until a person lets it go: of a file that is gone, and of an entry that leaves maestro.yaml or names another module or configuration.",
      passes: { says: "It is still there.", change: CODE, declared: same, ran: PASSED },
      fails: { says: "Its module is deleted.", change: [{ path: "specs/Queue.tla", old: MODULE, new: null }], declared: declared([MODULE, null]) },
      cannot_see: "Why it went. One that moves to another folder, text and entry both, is no removal; one that moves and changes on the way is.",
      replay: "never: none of the 2,200 changes' projects declares a model",
    },
  ],
  async run(facts, context) {
    if (facts.formal.specs.length === 0) return { not_applicable: "the trusted base declares no model" };
    return (await import("./formal/models.ts")).judgeModels(facts, context);
  },
});

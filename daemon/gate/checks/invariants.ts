import { toBase64, utf8 } from "../../../proto/encoding.ts";
import type { Facts } from "../../../proto/facts.ts";
import { defineCheck, type Example } from "./check.ts";

const CAP = "id: SPEND.CAP\nscope: payments\nwhen:\n  - event: payment\nfields: {spent: int, budget: int}\nassert:\n  - expr: spent <= budget\n";
const PATH = "invariants/cap.yaml";

function changing(old: string | null, now: string | null, says: string): Example {
  const bytes = (text: string | null): string | null => (text === null ? null : toBase64(utf8(text)));
  const formal: Facts["formal"] = { specs: [], invariants: { folder: "invariants" }, files: [{ path: PATH, old: bytes(old), new: bytes(now), unread: null }] };
  return { says, change: [{ path: PATH, old, new: now }], declared: { formal } };
}

const NEVER = "never: none of the 2,200 changes' projects declares an invariant";

export default defineCheck({
  id: "invariants",
  question: "Do the declared invariants still stop what they stopped?",
  contents: [],
  reads: ["formal"],
  rules: [
    {
      id: "invariant.violated",
      title: "Code breaks an invariant",
      why: "The base's targets were driven over the changed code in the sandbox; the inputs on the card were shrunk, tried again in new processes, and broke the rule each time.",
      passes: changing(CAP, `${CAP}owner: payments\n`, "Nothing is driven where no code changes."),
      fails: { says: "A changed account spends more than its budget.", change: [{ path: "src/pay.ts", old: "Math.min(ask, budget)\n", new: "ask\n" }], elsewhere: "bench/formal-gate.accept.ts" },
      cannot_see: "Code that no target drives; cases that were not tried; a driver that the change itself edits.",
      replay: NEVER,
    },
    {
      id: "invariant.weakened",
      title: "An invariant lets more through",
      why: "The easiest way to keep a promise is to promise less. A solver found values that were stopped and are no more; they were tried on both conditions.",
      passes: changing(CAP, CAP.replace("spent <= budget", "budget >= spent"), "The same condition is written the other way round."),
      fails: changing(CAP, CAP.replace("spent <= budget", "spent <= budget + 1"), "One more than the budget may be spent."),
      cannot_see: "What a condition is asked of: a change of the code that no longer asks it; code that computes in other numbers than the rule does.",
      replay: NEVER,
    },
    {
      id: "invariant.changed",
      title: "An invariant may let more through",
      why: "Where no solver can say whether it means less, such as of temporal forms or other events, a person reads it.",
      passes: changing(CAP, `${CAP}rationale: Money that is gone is gone.\n`, "A reason is written down."),
      fails: changing(CAP, CAP.replace("event: payment", "event: refund"), "It speaks of another event."),
      cannot_see: "What the change means.",
      replay: NEVER,
    },
    {
      id: "invariant.removed",
      title: "An invariant is gone",
      why: "The base declares it, so it counts until a person lets it go: a rule, a target, or the whole entry in maestro.yaml. Another name is another invariant.",
      passes: changing(CAP, CAP.replace("fields:", "owner: payments\nfields:"), "It gets an owner."),
      fails: changing(CAP, CAP.replace("SPEND.CAP", "SPEND.LIMIT"), "It has another name."),
      cannot_see: "Why it went. Where maestro.yaml names another folder, its documents are compared with those of the base, rule by rule.",
      replay: NEVER,
    },
    {
      id: "invariant.unreadable",
      title: "An invariant cannot be compiled",
      why: "What cannot be compiled stops nothing.",
      passes: changing(CAP, CAP.replace("spent <= budget", "spent <= budget && spent >= 0"), "A second condition is typed right."),
      fails: changing(CAP, CAP.replace("spent <= budget", "spent <= budgets"), "A field has no such name."),
      cannot_see: "A condition that compiles and is not what its author meant.",
      replay: NEVER,
    },
    {
      id: "invariant.driver-changed",
      title: "A driver of a target is edited",
      why: "A target's driver says what of the code is shown to the base's rules. The base names the file; what stands in it is the change's, and one that shows less passes.",
      passes: changing(CAP, `${CAP}owner: payments\n`, "Nothing is driven otherwise."),
      fails: { says: "The driver of the target account shows nothing spent.", change: [{ path: "test/account.ts", old: "return { spent, budget };\n", new: "return { spent: 0, budget };\n" }], elsewhere: "daemon/gate/checks/formal/drivers.test.ts" },
      cannot_see: "What a driver imports, and a program that a command finds by itself, such as `python -m` or `cargo run`. A `function` target has no driver: its module is the code.",
      replay: NEVER,
    },
    {
      id: "invariant.strengthened",
      title: "An invariant stops more, or is new",
      why: "Nothing gets through that did not before; whoever reads the change should know that more is stopped.",
      passes: changing(CAP, CAP.replace("scope: payments", "severity: critical\nscope: payments"), "Only its severity rises."),
      fails: changing(CAP, CAP.replace("spent <= budget", "spent < budget"), "The budget may not be reached."),
      cannot_see: "Whether the code keeps it.",
      replay: NEVER,
    },
  ],
  async run(facts, context) {
    if (facts.formal.invariants === null) return { not_applicable: "the trusted base declares no folder of invariants" };
    return (await import("./formal/rules.ts")).judgeInvariants(facts, context);
  },
});

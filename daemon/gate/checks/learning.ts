import { toBase64, utf8 } from "../../../proto/encoding.ts";
import type { Facts } from "../../../proto/facts.ts";
import { defineCheck } from "./check.ts";

const PATH = "policies/review.json";
const POLICY = '{"baseline":"large","buckets":[],"cells":[{"at":[],"seen":[{"arm":"large","count":40,"mean":0.7},{"arm":"small","count":40,"mean":0.6}]}],"count_min":30,"exploration":{"epsilon":0.1,"floor":0.02},"reward":{"max":1,"min":0,"name":"stands","version":1},"router":"review","type":"maestro.routing-policy","v":1}\n';
const OTHER = POLICY.replace("0.6", "0.8");
const NO_POLICY = "[]\n";

const base64 = (text: string | null): string | null => (text === null ? null : toBase64(utf8(text)));

/** A declared policy, before and after. */
function declared(old: string | null, now: string | null): Pick<Facts, "learned"> {
  return { learned: { entries: [{ path: PATH, router: "review" }], files: [{ path: PATH, old: base64(old), new: base64(now), unread: null }] } };
}
const changed = (old: string | null, now: string | null) => [{ path: PATH, old, new: now }];

/** What the log says of the candidate, of which an example needs no more. */
const said = (verdict: string): string => JSON.stringify({ verdict, reasons: [], gain: { lower: -0.1, upper: 0.1, needed: 0 }, more: verdict === "insufficient" ? 400 : null, constraints: [], router: "review", candidate: Bun.SHA256.hash(OTHER.trim(), "hex") });

export default defineCheck({
  id: "learning",
  question: "Does the daemon's own log of decisions bear out a learned policy that changes?",
  contents: [],
  reads: ["learned"],
  rules: [
    {
      id: "learning.rejected",
      title: "A learned policy does harm",
      why: "By decisions that nobody chose the policy by, and by bounds that hold for any number of them, it brings less than it must, or breaks a constraint.",
      passes: { says: "The log bears it out.", change: changed(POLICY, OTHER), declared: declared(POLICY, OTHER), evaluated: said("promote") },
      fails: { says: "The log shows that it brings less.", change: changed(POLICY, OTHER), declared: declared(POLICY, OTHER), evaluated: said("reject") },
      cannot_see: "What the world does after the last logged decision; a reward that does not say what is wanted; a log that was lied to in every field at once.",
      replay: "never: none of the 2,200 changes' projects declares a learned policy",
    },
    {
      id: "learning.insufficient",
      title: "The log cannot tell about a learned policy",
      why: "Too few decisions, or none where the policy wants to go. What cannot be told is no yes, and a person may still take it upon themselves.",
      passes: { says: "The log bears it out.", change: changed(POLICY, OTHER), declared: declared(POLICY, OTHER), evaluated: said("promote") },
      fails: { says: "About 400 more decisions would tell.", change: changed(POLICY, OTHER), declared: declared(POLICY, OTHER), evaluated: said("insufficient") },
      cannot_see: "Whether it would be good.",
      replay: "never: none of the 2,200 changes' projects declares a learned policy",
    },
    {
      id: "learning.unreadable",
      title: "What stands there is no policy of its router",
      why: "A link, a file that is too long, no JSON, two documents in one, or a policy of another router: the daemon would answer with its baseline, and nobody would have decided so.",
      passes: { says: "A policy is replaced by a policy.", change: changed(POLICY, OTHER), declared: declared(POLICY, OTHER), evaluated: said("promote") },
      fails: { says: "It is no policy.", change: changed(POLICY, NO_POLICY), declared: declared(POLICY, NO_POLICY) },
      cannot_see: "Whether arms and fields are those of the host's router: the evaluation says so, and then the check is unavailable.",
      replay: "never: none of the 2,200 changes' projects declares a learned policy",
    },
    {
      id: "learning.removed",
      title: "A declared policy is gone",
      why: "The base declares it, so it counts until a person lets it go: of a file that is deleted or renamed, and of an entry that leaves maestro.yaml or names another file.",
      passes: { says: "A policy is replaced by a policy.", change: changed(POLICY, OTHER), declared: declared(POLICY, OTHER), evaluated: said("promote") },
      fails: { says: "Its file is deleted.", change: changed(POLICY, null), declared: declared(POLICY, null) },
      cannot_see: "Why it went; whether what would answer instead is any better.",
      replay: "never: none of the 2,200 changes' projects declares a learned policy",
    },
  ],
  async run(facts, context) {
    if (facts.learned.entries.length === 0) return { not_applicable: "the trusted base declares no learned policy" };
    return (await import("./learned/policies.ts")).judgePolicies(facts, context);
  },
});

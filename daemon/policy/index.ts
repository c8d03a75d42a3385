/** What the core may use of policy. `evaluate.ts` is left out: only a check process loads it. */
export { BUNDLE_LIMITS, bundleDigest, ENTRYPOINT, policyId, readBundle, type Bundle } from "./bundle.ts";
export { ruleTable, type RuleEffects } from "./table.ts";
export { placeFindings, policyInput, type PlacedFinding, type PolicyInput, type PolicySubject } from "./input.ts";

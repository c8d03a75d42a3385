export { agentAmong } from "./agents.ts";
export { applyReleases } from "./apply.ts";
export { APPROVAL_RULE, decides, marksOf, whyNot } from "./marks.ts";
export { approvalReasons } from "./needs.ts";
export { ANSWER_WITHIN_S, Requests, type Waiting } from "./requests.ts";
export { Roster, type Submission } from "./roster.ts";
export { endsAt, forgeable, namedReleases, NOBODY, standingOf, whoReleased, type RecordedRelease, type Standing } from "./standing.ts";

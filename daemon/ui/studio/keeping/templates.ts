/** What a new rule may begin as: each is whole, and its examples are tried; or nothing at all. */

export interface Template {
  readonly title: string;
  readonly about: string;
  readonly text: string;
}

const CAP = `# yaml-language-server: $schema=./invariant.schema.json
id: TEAM.CHANGE.COST
scope: change
severity: high
owner: platform
rationale: A change that costs more than this to make is looked at by a person.
when:
  - event: change_decided
assert:
  - expr: '!has(cost) || cost <= 5.00'
    message: '{{gate_id}} cost \${{cost}}'
examples:
  holds:
    - {with: {gate_id: g1, cost: "$5"}}
    - {with: {gate_id: g1}}
  breaks: {with: {gate_id: g1, cost: "$5.01"}}
`;

const FORBIDDEN = `# yaml-language-server: $schema=./invariant.schema.json
id: TEAM.CHANGE.NO_OVERRIDE
scope: change
severity: high
owner: platform
rationale: What goes to main is not admitted by an override.
when:
  - event: change_decided
assert:
  - expr: "!(overridden && decision == 'admit' && target == 'refs/heads/main')"
    message: '{{gate_id}} was admitted to {{target}} by an override'
examples:
  holds:
    - {with: {gate_id: g1, decision: hold, overridden: true, target: refs/heads/main}}
    - {with: {gate_id: g1, decision: admit, overridden: true, target: refs/heads/next}}
  breaks: {with: {gate_id: g1, decision: admit, overridden: true, target: refs/heads/main}}
`;

const ORDER = `# yaml-language-server: $schema=./invariant.schema.json
id: TEAM.GATE.ANSWERED
scope: gate
severity: medium
owner: platform
rationale: Whoever submits a change hears of it within the hour.
when:
  - event: gate_submitted
  - event: gate_answered
per: run
keys_max: 10000
temporal:
  - formula: gate_submitted leads_to gate_answered within 1h
    message: 'run {{run}} was not answered within an hour'
examples:
  holds:
    trace:
      - {at: 0s, event: gate_submitted, with: {run: 1}}
      - {at: 5m, event: gate_answered, with: {run: 1, how: decided}}
      - {at: 2h}
  breaks:
    trace:
      - {at: 0s, event: gate_submitted, with: {run: 1}}
      - {at: 2h}
`;

const RATE = `# yaml-language-server: $schema=./invariant.schema.json
id: TEAM.CALL.RATE
scope: agent_call
severity: medium
owner: platform
rationale: An agent that asks a model more often than this in a minute runs in a circle.
when:
  - event: model_call
per: agent_id
keys_max: 10000
temporal:
  - formula: count(model_call) in 1m <= 3
    message: 'more than 3 calls of {{agent_id}} in a minute'
examples:
  holds:
    trace:
      - {at: 0s, event: model_call, with: {agent_id: a}}
      - {at: 30s, event: model_call, with: {agent_id: a}}
      - {at: 1m, event: model_call, with: {agent_id: a}}
      - {at: 2m, event: model_call, with: {agent_id: a}}
  breaks:
    trace:
      - {at: 0s, event: model_call, with: {agent_id: a}}
      - {at: 1s, event: model_call, with: {agent_id: a}}
      - {at: 2s, event: model_call, with: {agent_id: a}}
      - {at: 3s, event: model_call, with: {agent_id: a}}
`;

export const TEMPLATES: readonly Template[] = [
  { title: "A cap", about: "a number that may not pass another", text: CAP },
  { title: "A forbidden value", about: "something that may not be so", text: FORBIDDEN },
  { title: "Order in time", about: "after one event another one comes in time", text: ORDER },
  { title: "A rate", about: "so many events in so much time, and no more", text: RATE },
  { title: "Blank rule", about: "nothing yet: write it in the form or as YAML", text: "" },
];

/** Events in time: reported, watched, and what stops after too many failures. */
import type { Command } from "../command.ts";
import { STATE } from "./work.ts";

export const MONITORS: readonly Command[] = [
  {
    name: "events",
    summary: "report what an agent or a job did, one JSON document a line ({event, at, with}); - reads standard input. Exit 1 where a rule about time is broken by it; see docs/monitors.md",
    positionals: "send FILE|-",
    positionals_max: 2,
    options: { ...STATE, source: { type: "string", value: "NAME", help: "who numbers these events, such as one run of one agent (default: the content of the file, so that sent twice it counts once)" } },
    load: () => import("../commands/events.ts"),
  },
  {
    name: "monitors",
    summary: "what the rules about time say of your events, and of the daemon's own for whoever runs it",
    positionals: "",
    positionals_max: 0,
    options: STATE,
    load: () => import("../commands/monitors.ts"),
  },
  {
    name: "breaker",
    summary: "list: what is refused for a while because it failed too often; reset ACTION: close it before its time, as a person, signed and logged",
    positionals: "list | reset ACTION",
    positionals_max: 2,
    options: {
      ...STATE,
      party: { type: "string", value: "NAME", help: "reset: whose, as list shows it (default: the only one that is open)" },
      reason: { type: "string", value: "TEXT", help: "reset: why, in your own words" },
      key: { type: "string", value: "FILE", help: "reset: sign with this SSH key" },
      agent: { type: "boolean", help: "reset: sign with a key of your SSH agent" },
    },
    load: () => import("../commands/breaker.ts"),
  },
];

import type { Command, Option } from "./command.ts";

const STATE: Readonly<Record<string, Option>> = {
  state: { type: "string", value: "DIR", help: "state folder (default: XDG_STATE_HOME/maestro)" },
  socket: { type: "string", value: "PATH", help: "socket of the daemon" },
};

const ON_DEMAND: Readonly<Record<string, Option>> = {
  ...STATE,
  embedded: { type: "boolean", help: "start a private daemon on demand; it signs in mode local" },
};

const CHANGE: Readonly<Record<string, Option>> = {
  ...ON_DEMAND,
  target: { type: "string", value: "REF", help: "branch the change would be merged into (default: the repository's own)" },
  head: { type: "string", value: "REF", help: "newest commit of the change (default: HEAD)" },
};

/** Every command, in the order help shows them. */
export const COMMANDS: readonly Command[] = [
  {
    name: "gate",
    summary: "judge a change, print its Decision Card, leave evidence",
    positionals: "[REPOSITORY]",
    positionals_max: 1,
    options: {
      ...CHANGE,
      out: { type: "string", value: "FILE", help: "also write the evidence bundle here" },
      markdown: { type: "boolean", help: "print the card as Markdown" },
      rerun: { type: "boolean", help: "a new attempt even where one stands" },
    },
    load: () => import("./commands/gate.ts"),
  },
  {
    name: "replay",
    summary: "what would the rules have said of this repository's past?",
    positionals: "[REPOSITORY]",
    positionals_max: 1,
    options: { ...CHANGE, last: { type: "string", value: "N", help: "changes on the first-parent line (default: 200)" } },
    load: () => import("./commands/replay.ts"),
  },
  {
    name: "verify",
    summary: "check an evidence bundle offline, without a daemon",
    positionals: "BUNDLE",
    positionals_max: 1,
    options: {
      ...STATE,
      trust: { type: "string", value: "FILE", help: "trust file of the operator (default: the one in the state folder, said to be self-made)" },
      leaf: { type: "string", value: "NAME", help: "also print this leaf of the manifest, with its inclusion proof" },
    },
    load: () => import("./commands/verify.ts"),
  },
  {
    name: "card",
    summary: "print the Decision Card of a gate or of a bundle file",
    positionals: "GATE|BUNDLE",
    positionals_max: 1,
    options: { ...ON_DEMAND, markdown: { type: "boolean", help: "as Markdown" } },
    load: () => import("./commands/card.ts"),
  },
  {
    name: "explain",
    summary: "what a rule asks and cannot see, or why a gate decided as it did",
    positionals: "[RULE|CHECK|GATE]",
    positionals_max: 1,
    options: ON_DEMAND,
    load: () => import("./commands/explain.ts"),
  },
  {
    name: "status",
    summary: "the daemon, its log and its work",
    positionals: "",
    positionals_max: 0,
    options: STATE,
    load: () => import("./commands/status.ts"),
  },
  {
    name: "clock",
    summary: "the time that entries are dated by; reset lets it go on after the clock jumped",
    positionals: "[reset]",
    positionals_max: 1,
    options: {
      ...STATE,
      now: { type: "string", value: "TIME", help: "with reset: what a clock you trust says, such as 2026-11-22T08:30Z" },
      reason: { type: "string", value: "TEXT", help: "with reset: what happened; it is signed and logged" },
    },
    load: () => import("./commands/clock.ts"),
  },
  {
    name: "doctor",
    summary: "is this machine fit, and is the daemon well? Looks and changes nothing; exit 0 or 1",
    positionals: "",
    positionals_max: 0,
    options: STATE,
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "logs",
    summary: "what the daemon wrote: the journal of a service, the file of a private daemon",
    positionals: "",
    positionals_max: 0,
    options: {
      ...STATE,
      follow: { type: "boolean", short: "f", help: "go on with what is added" },
      lines: { type: "string", short: "n", value: "N", help: "the last N lines (default: 100)" },
    },
    load: () => import("./commands/logs.ts"),
  },
  {
    name: "completions",
    summary: "completion script of a shell, or the manual page",
    positionals: "bash|zsh|fish|man",
    positionals_max: 1,
    options: {},
    load: async () => (await import("./commands/completions.ts")).completing(COMMANDS),
  },
  {
    name: "stop",
    summary: "stop the daemon once its work in flight is done",
    positionals: "",
    positionals_max: 0,
    options: STATE,
    load: () => import("./commands/stop.ts"),
  },
  {
    name: "version",
    summary: "versions of the client, the daemon and their interface",
    positionals: "",
    positionals_max: 0,
    options: STATE,
    load: () => import("./commands/version.ts"),
  },
  {
    name: "config",
    summary: "the daemon's settings; --explain adds origin and meaning",
    positionals: "",
    positionals_max: 0,
    options: { ...ON_DEMAND, explain: { type: "boolean", help: "value, origin and meaning of every setting" } },
    load: () => import("./commands/config.ts"),
  },
];

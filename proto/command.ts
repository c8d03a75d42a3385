/** Outside tools as trusted configuration declares them. Argv only: no shell reads any of this. */
import { Type, type Static } from "@sinclair/typebox";
import { Closed } from "./scalar.ts";

/** Short, so that `command.NAME.RULE` stays a rule's name and fits a card's column. */
export const CommandName = Type.String({ pattern: "^[a-z][a-z0-9-]{0,23}$", description: "at most 24 lower-case letters, digits and dashes" });

/** Below a folder: no empty, `.` or `..` part, no backslash, nothing absolute. */
export const InnerPath = Type.String({
  pattern: "^(?!\\.{1,2}(?:/|$))[^/\\\\\\u0000]+(?:/(?!\\.{1,2}(?:/|$))[^/\\\\\\u0000]+)*$",
  maxLength: 512,
  description: "a relative path without . or .. in it",
});

const Argument = Type.String({ maxLength: 4096, pattern: "^[^\\u0000]*$" });
const MountName = Type.String({ pattern: "^[a-z][a-z0-9-]{0,31}$" });

export const Command = Closed({
  run: Type.Array(Argument, { minItems: 1, maxItems: 128, description: "the program and its arguments, as they are; the change lies in /change, /scratch is writable" }),
  inputs: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { minItems: 1, maxItems: 64, description: "globs; where the change touches none of them the command is not applicable; absent: it always runs" })),
  guards: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { minItems: 1, maxItems: 64, description: "globs of files that decide what this command does, such as a linter's configuration; editing one is guard.command-edited" })),
  mounts: Type.Optional(Type.Array(MountName, { maxItems: 16, uniqueItems: true, description: "tool-chain folders the host offers, by name" })),
  env: Type.Optional(Type.Record(Type.String({ pattern: "^[A-Z_][A-Z0-9_]{0,63}$" }), Argument, { additionalProperties: false, maxProperties: 64 })),
  cwd: Type.Optional(InnerPath),
  output: Type.Optional(Closed({ sarif: Type.Optional(InnerPath), junit: Type.Optional(InnerPath) }, { description: "a file below /scratch that says what was found, as SARIF or JUnit; absent: the exit code alone says it" })),
  deadline_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000, description: "never more than limits.sandbox.wall_ms" })),
  reuse: Type.Optional(Type.Boolean({ description: "default false. true: it follows from what it sees alone, so its answer is used again where all of that is as it was; with inputs it sees the files under inputs and guards and no others" })),
  required: Type.Optional(Type.Boolean({ description: "default true: without its answer nothing is admitted. false: what it finds is a note" })),
});
export type Command = Static<typeof Command>;

export const Commands = Type.Record(CommandName, Command, { additionalProperties: false, maxProperties: 32, description: "outside tools run in the sandbox over the merged tree; docs/commands.md" });
export type Commands = Static<typeof Commands>;

const HostPath = Type.String({ pattern: "^/[^\\u0000]*$", maxLength: 4096, description: "an absolute path" });

/** A tool chain of the host, offered by name: a repository never names a path of the host. */
export const ToolMount = Closed({
  folders: Type.Array(Closed({ host: HostPath, inside: HostPath }), { minItems: 1, maxItems: 16, description: "folders of the host and where they lie in the sandbox, read-only" }),
  path: Type.Optional(Type.Array(HostPath, { maxItems: 16, description: "folders inside that join PATH" })),
});
export type ToolMount = Static<typeof ToolMount>;

export const ToolMounts = Type.Record(MountName, ToolMount, { additionalProperties: false, maxProperties: 64, description: "tool chains of this host that commands may name; `system` is in every sandbox" });
export type ToolMounts = Static<typeof ToolMounts>;

/** The check that a command is on the card, in `required` and in a finding's rule. */
export const commandCheck = (name: string): string => `command.${name}`;

/** maestro(1), from the same table as help and completions. */
import { ERRORS, EXIT, VERIFY_EXIT } from "../../../proto/errors.ts";
import { VERSION } from "../../../proto/version.ts";
import type { Command } from "../command.ts";
import { optionsOf } from "./words.ts";

/** Plain text for roff: a dash that stays one when it is copied, and no line that begins with a command of roff's. */
function plain(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/gm, "\\&$1");
}

const FILES: readonly (readonly [path: string, what: string])[] = [
  ["/run/maestro/gate.sock", "the host's daemon"],
  ["/etc/maestro/maestrod.yaml", "its configuration"],
  ["$XDG_STATE_HOME/maestro", "state of a private daemon"],
];

function section(command: Command): string {
  const options = optionsOf(command).map(({ flag, short, value, help }) => `.TP\n${short === null ? "" : `\\fB${plain(short)}\\fR, `}\\fB${plain(flag)}\\fR${value === null ? "" : ` \\fI${plain(value)}\\fR`}\n${plain(help)}`);
  return [`.SS maestro ${plain(command.name)} ${plain(command.positionals)}`.trimEnd(), plain(`${command.summary}.`), ...options].join("\n");
}

export function manual(commands: readonly Command[]): string {
  const codes = [...Object.entries(EXIT).map(([name, code]) => [code, name.replaceAll("_", " ")] as const)];
  const failures = Object.entries(ERRORS).map(([code, { sentence }]) => `.TP\n\\fB${plain(code)}\\fR\n${plain(sentence)}`);
  return [
    `.TH MAESTRO 1 "" "maestro ${VERSION}" "User Commands"`,
    ".SH NAME\nmaestro \\- is this change safe, what did it cost, who should look, may it ship?",
    ".SH SYNOPSIS\n.B maestro\n.I COMMAND\n[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...",
    ".SH DESCRIPTION\nmaestro asks the daemon of this build host, maestrod(8), to judge a change, and verifies the evidence it gets. Every command takes \\fB\\-\\-json\\fR and then prints one document.",
    ".SH COMMANDS",
    ...commands.map(section),
    ".SH EXIT STATUS",
    ...codes.map(([code, name]) => `.TP\n.B ${code}\n${plain(name)}`),
    `.PP\nmaestro verify: ${Object.entries(VERIFY_EXIT).map(([name, code]) => `${code} ${plain(name.replaceAll("_", " "))}`).join(", ")}.`,
    ".SH ERRORS",
    ...failures,
    ".SH FILES",
    ...FILES.map(([path, what]) => `.TP\n.I ${plain(path)}\n${plain(what)}`),
    ".SH SEE ALSO\n.BR maestrod (8),\n.BR systemd.service (5)",
    "",
  ].join("\n");
}

import { resolve } from "node:path";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { RestoreReport } from "../../../proto/integrity.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule } from "../command.ts";
import { locate } from "../connect.ts";
import { printJson } from "../document.ts";
import { offline } from "../offline.ts";
import { print } from "../output.ts";

/** What became of a folder, for a person; shared with `clone-identity`. */
export function restoreLines({ checked, restored, succession, log, gates, holds_awaited, damage }: RestoreReport): string[] {
  return [
    ...(checked.files === 0 ? [] : [`checked   ${checked.files} files, ${checked.bytes} bytes: all as the manifest says`]),
    ...(restored === null ? [] : [`restored  ${restored}`]),
    ...(succession === null ? [`log       ${log.origin}, ${log.size} entries`] : [`new log   ${succession.to}; its entry 0 signs the head of ${succession.from} at ${succession.size} entries`]),
    `gates     ${gates} on record`,
    ...(succession === null ? [] : ["trust     the trust file in the state folder names the new log key beside the old one: hand it to whoever verifies"]),
    ...(holds_awaited ? ["holds     no holds.jsonl that is newer than the backup was handed in: nothing goes by its age for a day after the first start; place missing holds again by then"] : []),
    ...damage.map(({ area, name, what }) => `LOST      before the backup was made: ${area}: ${escapeTerminal(name)}: ${escapeTerminal(what)}`),
  ];
}

/** 0: restored whole. 1: restored, without what was lost before the backup was made. */
export const run: CommandModule["run"] = async ({ values, positionals: [source] }) => {
  if (source === undefined) throw new MaestroError("cli.usage", "restore needs the folder of the backup");
  const check = values["check"] === true;
  const { state_dir } = locate(values);
  const newer = ["tombstones", "holds"].flatMap((name) => {
    const file = textOf(values, name);
    return file === undefined ? [] : [`--${name}`, resolve(file)];
  });
  const args = ["--from", resolve(source), "--state", state_dir, ...newer, ...(values["as-clone"] === true ? ["--as-clone"] : [])];
  const report = await offline<RestoreReport>(check ? "check" : "restore", args);
  if (values["json"] === true) printJson(report);
  else print(restoreLines(report).join("\n"));
  return report.damage.length === 0 ? EXIT.admit : EXIT.refuse;
};

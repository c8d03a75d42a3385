import { EXIT } from "../../../proto/errors.ts";
import { mebibytes } from "../bytes.ts";
import type { CommandModule } from "../command.ts";
import { connect, locate } from "../connect.ts";
import { printJson } from "../document.ts";
import { offline } from "../offline.ts";
import { print } from "../output.ts";

export const run: CommandModule["run"] = async ({ values }) => {
  if (values["compact"] === true) {
    const report = await offline<{ readonly before_bytes: number; readonly after_bytes: number }>("compact", ["--state", locate(values).state_dir]);
    if (values["json"] === true) printJson(report);
    else print(`compacted  the database had ${mebibytes(report.before_bytes)} and has ${mebibytes(report.after_bytes)}: what was deleted is no longer in it`);
    return EXIT.admit;
  }
  const reply = await connect(values).client.gc({ apply: values["apply"] === true });
  if (values["json"] === true) {
    printJson(reply);
    return EXIT.admit;
  }
  const verb = reply.applied ? "removed" : "would go";
  const line = (name: string, { count, bytes }: { count: number; bytes: number }): string => `${verb}  ${count} ${name}, ${mebibytes(bytes)}`;
  print([line("blobs nobody refers to", reply.blobs), line("packs of gates long over", reply.packs), line("leftovers", reply.leftovers), `${reply.kept_young} blobs without a reference are too young to go`, ...(reply.applied ? [] : ["maestro gc --apply removes them"])].join("\n"));
  return EXIT.admit;
};

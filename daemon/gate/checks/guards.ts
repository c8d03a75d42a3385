import { toBase64, utf8 } from "../../../proto/encoding.ts";
import type { Facts } from "../../../proto/facts.ts";
import { guardOf } from "../../../proto/guard-paths.ts";
import { pathText } from "../../../proto/scalar.ts";
import { defineCheck } from "./check.ts";
import { addedLines, lineWith } from "./reading/lines.ts";
import { findingList } from "./reporting/finding.ts";

/** `npm test` as a command, and what package.json makes of it. */
const TESTS: Pick<Facts, "commands" | "runners"> = (() => {
  const bytes = toBase64(utf8(JSON.stringify({ scripts: { test: "sh scripts/test.sh" } })));
  return {
    commands: [{ name: "test", run: ["npm", "test"], cwd: "", env: [], guards: [], required: true, obligations: ["coverage.line"] }],
    runners: [{ path: "package.json", old: bytes, new: bytes, unread: null }],
  };
})();

export default defineCheck({
  id: "guards",
  question: "Does the change edit what guards changes: policy, owners, agent instructions or hooks?",
  contents: [],
  reads: ["base_policy", "commands", "runners"],
  rules: [
    {
      id: "guard.self-edit",
      title: "Edit of a guard",
      why: "An author who also edits the rules they work under is no longer bound by them; a person should see it.",
      passes: { says: "Prose about agents is no instruction to one.", change: [{ path: "docs/agents-overview.md", old: "", new: "text\n" }] },
      fails: { says: "An instruction file is edited.", change: [{ path: "AGENTS.md", old: "Run the tests.\n", new: "Skip the tests.\n" }] },
      cannot_see: "Instruction files of agents not listed, a policy bundle the host keeps elsewhere, rules kept outside the repository, what the edit means.",
      replay: "61 of 2,200 changes (57 by people, 4 by agents)",
    },
    {
      id: "guard.command-edited",
      title: "Edit of what a declared command runs",
      why: "A command of trusted configuration runs over the merged tree. Where it calls a script of that tree, the change that edits the script decides what the command says.",
      passes: { says: "Source that a test script reads is no script of the command.", change: [{ path: "src/a.ts", old: "1\n", new: "2\n" }], declared: TESTS },
      fails: { says: "`npm test` is declared, package.json makes it scripts/test.sh, and the change empties that.", change: [{ path: "scripts/test.sh", old: "exec bun test\n", new: "exit 0\n" }], declared: TESTS },
      cannot_see: "What a script loads or calls under a name it computes; a tool's own configuration and plugins; folders and patterns, which are taken for data. Name such files under `guards` of the command. A command on which nothing required rests is not looked at.",
      replay: "never: none of the 2,200 changes' projects declares a command",
    },
  ],
  async run(facts) {
    if (facts.files.length === 0) return { not_applicable: "the change touches no file" };
    const list = findingList();
    for (const file of facts.files) {
      const path = pathText(file.path);
      const from = file.status === "renamed" && file.old_path !== null ? pathText(file.old_path) : null;
      const is_policy = facts.base_policy !== null && [path, from].includes(facts.base_policy);
      const kind = is_policy ? "the policy bundle that maestro.yaml names" : (guardOf(path) ?? (from === null ? null : guardOf(from)));
      if (kind === null) continue;
      const first = addedLines(file).next().value;
      const how = file.status === "deleted" ? "removes" : from !== null ? "moves" : file.status === "added" ? "adds" : "edits";
      list.add({ rule: "guard.self-edit", severity: "note", message: `the change ${how} ${kind}`, file, line: first?.number ?? 1, ...(first === undefined ? {} : { text: first.text }) });
    }
    if (facts.commands.length === 0) return list.seen();
    const { editedCommands } = await import("./running/edited.ts");
    const { edits, unread } = editedCommands(facts);
    // A card shows the first finding's words for all of a rule's places, so each of them names every command and what rests on them.
    const others = [...new Set(edits.map(({ command }) => command.name))];
    const resting = [...new Set(edits.flatMap(({ command }) => command.obligations))];
    const rests = `${others.length > 1 ? `; edited are commands ${others.join(", ")}` : ""}${resting.length > 0 ? `; resting on that: ${resting.join(", ")}` : ""}`;
    for (const { file, command, what, needle } of edits) {
      const at = lineWith(file, needle);
      list.add({ rule: "guard.command-edited", severity: "note", message: `the change edits what it is judged by: command ${command.name} ${what}${rests}`, file, line: at?.number ?? 1, ...(at === null ? {} : { text: at.text }) });
    }
    return list.seen([], unread.length === 0 ? null : `what a declared command runs is not known: ${unread.join("; ")}`);
  },
});

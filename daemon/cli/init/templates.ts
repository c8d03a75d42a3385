/** Files that init makes where there is none. */
import { MaestroError } from "../../../proto/errors.ts";

/** Rules that only tell at first: a word of a repository's own file can tighten and never loosen, and `observe` keeps even that from deciding. */
export const MAESTRO_YAML = `# What Maestro's gate asks of changes to this repository, beside what the host asks. It is read from the
# target branch, never from the change itself, and can only make the gate stricter.
# \`mode: observe\` says on every card what the rule would have done, and decides nothing; take the line
# out once you like what it says. \`maestro explain\` lists the rules, \`maestro replay\` tries them on the past.
version: 1
rules:
  size.unreviewable: { human: hold, mode: observe }
  test.weakened: { human: hold, mode: observe }
  dep.new-runtime: { human: hold, mode: observe }
`;

/** Folder of the snippets that docs/ci explains. */
const SNIPPETS = Bun.fileURLToPath(new URL("../../../docs/ci/", import.meta.url));
export const CI_FILES = { github: { path: ".github/workflows/maestro.yml", snippet: "github.yml" }, gitlab: { path: ".gitlab/ci/maestro.gitlab-ci.yml", snippet: "gitlab.yml" } } as const;
export type CiHost = keyof typeof CI_FILES;

export async function snippet(host: CiHost): Promise<string> {
  const file = Bun.file(`${SNIPPETS}${CI_FILES[host].snippet}`);
  if (!(await file.exists())) throw new MaestroError("cli.usage", `this installation has no snippet for ${host}; see docs/ci in the project`);
  return file.text();
}

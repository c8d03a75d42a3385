/** Programs of the distribution that only tests and acceptance need: installed with `npm run tools`, never by `npm start`. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { BootstrapError, runQuietly, step } from "./steps.mjs";

/** Debian's package, the program or file it brings, and what cannot be shown without it. */
export const TOOLS = [
  { apt: "bubblewrap", brings: "bwrap", shows: "the sandbox" },
  { apt: "runsc", brings: "runsc", shows: "the sandbox's second tier" },
  { apt: "strace", brings: "strace", shows: "durability and the sealed run" },
  { apt: "faketime", brings: "faketime", shows: "log time under a clock that jumps" },
  { apt: "util-linux", brings: "unshare", shows: "the sealed run, and limits on git" },
  { apt: "systemd", brings: "systemd-analyze", shows: "the units" },
  { apt: "lintian", brings: "lintian", shows: "the Debian package" },
  { apt: "skopeo", brings: "skopeo", shows: "the store in the hands of a registry tool" },
  { apt: "chromium", brings: "chromium", shows: "the verifier page in a browser" },
  { apt: "firefox-esr", brings: "firefox-esr", shows: "the verifier page in a second browser" },
  { apt: "default-jre-headless", brings: "java", shows: "the model checker" },
  { apt: "maven", brings: "mvn", shows: "the model checker, whose jar it obtains" },
];

export function onPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder, or not ours to run; another folder may have it.
      return false;
    }
  });
}

export const missingTools = (present = onPath) => TOOLS.filter(({ brings }) => !present(brings));

/** Installs what is missing where `apt-get` may be used; otherwise says what to install. */
export async function installTools() {
  const missing = missingTools();
  if (missing.length === 0) return;
  const packages = missing.map(({ apt }) => apt);
  if (!onPath("apt-get") || process.getuid?.() !== 0) throw new BootstrapError(`install ${packages.join(", ")} (Debian's names); without them these tests are skipped: ${missing.map(({ shows }) => shows).join("; ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await step(`installing ${packages.join(", ")}`, async () => {
    for (const args of [["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", ...packages]]) {
      const { code, output } = await runQuietly("apt-get", args, { env });
      if (code !== 0) throw new BootstrapError(`apt-get ${args[0]} ended with ${code}: ${output.trim().split("\n").at(-1) ?? ""}`);
    }
  });
}

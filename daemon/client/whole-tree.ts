/**
 * A commit's whole tree as one change, for a question about all of it: a commit with nothing but configuration, and the tree on top of it.
 * Made in a folder of its own; the repository stays what it was.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alternate, gitIn, locate, type Snapshot } from "./worktree.ts";

const NOBODY = { GIT_AUTHOR_NAME: "whole tree", GIT_AUTHOR_EMAIL: "tree@localhost", GIT_COMMITTER_NAME: "whole tree", GIT_COMMITTER_EMAIL: "tree@localhost", GIT_AUTHOR_DATE: "@0 +0000", GIT_COMMITTER_DATE: "@0 +0000" };
const CONFIG = /^(?:.*\/)?maestro\.yaml$/;
/** A policy bundle that the root's file names has to be there with it. */
const POLICY = /^policy:\s*["']?([^\s"'#]+)/m;

/** `head` of the answer is the synthetic commit; its parent holds the configuration alone. Throws as `snapshotOf`. */
export function wholeTreeOf(path: string): Snapshot & { readonly top: string } {
  const { top, objects, head } = locate(path, gitIn(path));
  const folder = mkdtempSync(join(tmpdir(), "maestro-tree-"));
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const git = gitIn(top);
    const own = join(folder, "objects");
    mkdirSync(own);
    const inside = { GIT_OBJECT_DIRECTORY: own, GIT_ALTERNATE_OBJECT_DIRECTORIES: alternate(objects), GIT_INDEX_FILE: join(folder, "index"), ...NOBODY };
    const files = git(["ls-tree", "-r", "--full-tree", "-z", head]).split("\0").filter((line) => line !== "").map((line) => ({ about: line.slice(0, line.indexOf("\t")), path: line.slice(line.indexOf("\t") + 1) }));
    const root = files.find((file) => file.path === "maestro.yaml");
    const policy = root === undefined ? undefined : POLICY.exec(git(["cat-file", "blob", root.about.split(" ")[2] ?? ""]))?.[1];
    for (const file of files) {
      const [mode = "", , oid = ""] = file.about.split(" ");
      if (CONFIG.test(file.path) || file.path === policy) git(["update-index", "--add", "--cacheinfo", `${mode},${oid},${file.path}`], inside);
    }
    const base = git(["commit-tree", git(["write-tree"], inside), "-m", "configuration"], inside);
    const commit = git(["commit-tree", `${head}^{tree}`, "-p", base, "-m", "the whole tree"], inside);
    return { head: commit, top, env: { objects: { directory: own, alternates: alternate(objects) } }, changed: true, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

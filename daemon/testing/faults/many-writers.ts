/** A subject of `sweep.slow.ts`: twelve writes to one file from several threads at once and from a child, and what became of them. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";

const [root = ""] = process.argv.slice(2);
const shared = join(root, "shared");
const said = await Promise.allSettled(Array.from({ length: 11 }, () => appendFile(shared, "x")));
Bun.spawnSync(["sh", "-c", 'echo y >> "$1/shared"; : > "$1/child"; mv "$1/child" "$1/moved"', "sh", root]);
const codes = said.flatMap((one) => (one.status === "rejected" ? [String((one.reason as NodeJS.ErrnoException).code)] : []));
process.stdout.write(`${codes.join(",")}\n`);

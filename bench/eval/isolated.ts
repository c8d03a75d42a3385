/** A place without a network interface: the evaluation asks nobody, and that is shown and not promised. */
import { readFileSync } from "node:fs";

/** Interfaces that are up; an own namespace has one that is down. */
function interfacesUp(): string[] {
  const routes = readFileSync("/proc/net/fib_trie", "utf8");
  return [...new Set(routes.match(/\b\d+\.\d+\.\d+\.\d+\b/g) ?? [])].filter((address) => address !== "0.0.0.0");
}

const MARK = "--isolated";

/** Starts this very program again where there is no interface; null where it stands there already. */
export async function again(args: readonly string[]): Promise<number | null> {
  if (args.includes(MARK)) {
    if (interfacesUp().length > 0) throw new Error(`there are addresses here: ${interfacesUp().join(", ")}`);
    return null;
  }
  const unshare = ["unshare", ...(process.getuid?.() === 0 ? ["-n"] : ["-rn"])];
  const possible = Bun.which("unshare") !== null && Bun.spawnSync([...unshare, "true"], { stdout: "ignore", stderr: "pipe" }).exitCode === 0;
  if (!possible) throw new Error("a namespace without interfaces cannot be made here (unshare -n of util-linux, with the right to make one); nothing was evaluated");
  const child = Bun.spawn([...unshare, process.execPath, Bun.main, ...args, MARK], { stdin: "ignore", stdout: "inherit", stderr: "inherit" });
  return child.exited;
}
export const withoutMark = (args: readonly string[]): string[] => args.filter((arg) => arg !== MARK);

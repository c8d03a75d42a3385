/** An empty registry of crane's on this machine. */
import { until } from "../../daemon/e2e/testing/world.ts";

/** `crane`: the path of the program. `work` gets the name of a repository there, reached in plain HTTP; the registry is gone when it is done. */
export async function emptyRegistry(crane: string, work: (repository: string) => Promise<void>): Promise<void> {
  const server = Bun.spawn([crane, "registry", "serve", "--address", "127.0.0.1:0"], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  let said = "";
  const listening = (async () => {
    for await (const chunk of server.stderr) said += Buffer.from(chunk).toString();
  })();
  try {
    await until(() => /serving on port \d+/.test(said));
    await work(`127.0.0.1:${/serving on port (\d+)/.exec(said)?.[1]}/app`);
  } finally {
    server.kill("SIGKILL");
    await server.exited;
    await listening;
  }
}

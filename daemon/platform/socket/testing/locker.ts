/** Takes the lock given as its argument, starts a child that outlives it, and waits to be killed. */
import { takeLock } from "../lock.ts";

const [path = ""] = process.argv.slice(2);
try {
  takeLock(path);
  const child = Bun.spawn(["sleep", "30"], { stdio: ["ignore", "ignore", "ignore"] });
  console.log(`locked ${child.pid}`);
  await Bun.sleep(30_000);
} catch (thrown) {
  console.log(String(thrown));
  process.exit(75);
}

/** Starts the user's browser at a link whose fragment is a secret: what a program is started with, every user of the machine can read, so the link goes in a file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const OPENER = "xdg-open";
/** A browser that is running already answers at once. */
const OPENED_WITHIN_MS = 20_000;

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** Whether a browser was started. `folder` is closed to others and gone when the command ends. */
export async function openBrowser(link: string, folder: string): Promise<boolean> {
  if (Bun.which(OPENER) === null) return false;
  const file = join(folder, "open.html");
  writeFileSync(file, `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url=${escaped(link)}"><title>maestro ui</title>\n`, { mode: 0o600 });
  const child = Bun.spawn([OPENER, file], { env: process.env, stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  // Some openers stay as long as their browser does: one that has not failed by then has opened it, and nobody waits for its end.
  child.unref();
  const left = Promise.withResolvers<number>();
  const timer = setTimeout(() => left.resolve(0), OPENED_WITHIN_MS);
  timer.unref();
  const code = await Promise.race([child.exited, left.promise]);
  clearTimeout(timer);
  return code === 0;
}

/** Becomes the program it is given, after its calls that change a disk were made to wait for `injector.ts`. */
import { readSync } from "node:fs";
import { noNewPrivileges } from "../../platform/kernel/process.ts";
import { diskCalls } from "./disk-calls.ts";
import { become, listen } from "./notifier.ts";

/** The injector writes a byte here once it holds the listener. */
const GO_DESCRIPTOR = 3;

if (import.meta.main) {
  const argv = process.argv.slice(2);
  const byte = new Uint8Array(1);
  noNewPrivileges();
  listen(diskCalls(process.arch));
  readSync(GO_DESCRIPTOR, byte);
  become(argv);
}

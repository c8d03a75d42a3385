/** A recorded run as lines of JSON in a file: what a process did, in its order, whole up to the moment it died. */
import { closeSync, openSync, writeSync } from "node:fs";
import { type ActionListener, listenToActions } from "./index.ts";

/** A run that says more is cut there, and a cut one is never believed. */
const TRACE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Appends to `path`: `{"begin":…}`, then one line for each action, numbered from 0, then `{"end":N}` where it was closed in order. A line that
 * cannot be written ends the recording, and nothing else.
 */
export function recordActions(path: string, bytes_max = TRACE_BYTES_MAX): Disposable {
  const fd = openSync(path, "a", 0o600);
  let left = bytes_max;
  let n = 0;
  const numbers = new WeakMap<object, number>();
  let machines = 0;
  const numberOf = (of: object): number => {
    const known = numbers.get(of) ?? machines++;
    numbers.set(of, known);
    return known;
  };
  const write = (line: object): void => {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    left = bytes.length > left ? -1 : left - bytes.length;
    if (left >= 0 && writeSync(fd, bytes) !== bytes.length) left = -1;
  };
  const listener: ActionListener = (machine, of, action, seen) => {
    if (left < 0) return;
    try {
      write({ n: n++, machine, of: numberOf(of), action, seen });
    } catch {
      // A trace that ends early is refused by its reader; the daemon's work goes on.
      left = -1;
    }
  };
  write({ begin: 1 });
  const stop = listenToActions(listener);
  return {
    [Symbol.dispose]() {
      stop();
      if (left >= 0) write({ end: n });
      closeSync(fd);
    },
  };
}

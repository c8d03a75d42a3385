/** What a command leaves where it is stopped in the middle: nothing. */
import { constants } from "node:os";

const STOPS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A shell's exit code of a program that a signal ended, less the signal's number. */
const SIGNALLED = 128;

/** Calls `undo` after `work`, and before the program ends where a signal stops it. */
export async function undone<T>(undo: () => void, work: () => Promise<T>): Promise<T> {
  const stopped = (signal: NodeJS.Signals): void => {
    undo();
    process.exit(SIGNALLED + constants.signals[signal]);
  };
  for (const signal of STOPS) process.once(signal, stopped);
  try {
    return await work();
  } finally {
    for (const signal of STOPS) process.off(signal, stopped);
    undo();
  }
}

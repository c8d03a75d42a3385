/** Synchronous transactions of one database: all of the work is kept, or nothing. */
import type { RootDatabase } from "lmdb";
import { MaestroError } from "../../proto/errors.ts";
import { storeFailure } from "./failure.ts";

export interface TransactionsDeps {
  readonly root: Pick<RootDatabase<Buffer, string>, "transactionSync">;
  /** Before the outermost one: throws where nothing could be kept, so that LMDB need not find out. */
  readonly begin: () => void;
  /** The same for work after which bytes go. */
  readonly beginFreeing: () => void;
  /** After the outermost one, which is durable then. */
  readonly committed: () => void;
  /** A commit did not come to pass; says what that means, and throws nothing. */
  readonly failed: (error: unknown, during: string) => MaestroError;
  /** State on disk may differ from state in memory. */
  readonly fatal: (reason: MaestroError) => void;
}

export interface Transactions {
  atomic<T>(work: () => T): T;
  freeing<T>(work: () => T): T;
  /** Throws nothing: what is kept stands. */
  kept(work: () => void): void;
  /** Whether one is open. */
  writing(): boolean;
}

export function transactionsOf({ root, begin, beginFreeing, committed, failed, fatal }: TransactionsDeps): Transactions {
  let depth = 0;
  /** Waits until the outermost one is kept; what was handed in during one that goes back goes with it. */
  const waiting: (() => void)[] = [];

  /** Runs the work and remembers what it threw itself, which undoes the transaction and breaks nothing. */
  function once<T>(work: () => T): T {
    let own: unknown;
    try {
      return root.transactionSync(() => {
        try {
          const result = work();
          if (result instanceof Promise) throw new MaestroError("internal.bug", "atomic() takes synchronous work");
          return result;
        } catch (error) {
          own = error;
          throw error;
        }
      });
    } catch (error) {
      if (error === own) throw error;
      const failure = failed(error, "commit");
      fatal(failure);
      throw failure;
    }
  }

  function said(): void {
    try {
      committed();
    } catch (error) {
      const failure = storeFailure(error, "mark the commit");
      fatal(failure);
      throw failure;
    }
  }

  function outermost<T>(work: () => T, first: () => void): T {
    if (depth === 0) first();
    depth += 1;
    const before = waiting.length;
    let result;
    try {
      result = once(work);
    } catch (error) {
      waiting.length = before;
      throw error;
    } finally {
      depth -= 1;
    }
    if (depth > 0) return result;
    const kept = waiting.splice(0);
    said();
    kept.forEach((one) => one());
    return result;
  }

  return {
    atomic: (work) => outermost(work, begin),
    freeing: (work) => outermost(work, beginFreeing),
    kept: (work) => (depth === 0 ? work() : void waiting.push(work)),
    writing: () => depth > 0,
  };
}

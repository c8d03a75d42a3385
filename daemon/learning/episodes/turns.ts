/** Long work in pieces, with requests served in between. */
export const letOthersRun = (): Promise<void> => new Promise((resume) => setImmediate(resume));

/** Batch after batch, until one is not full; how many in all. */
export async function inTurns(full: number, batch: () => number): Promise<number> {
  let all = 0;
  for (;;) {
    const found = batch();
    all += found;
    if (found < full) return all;
    await letOthersRun();
  }
}

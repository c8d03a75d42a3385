/** One piece of work that everybody else waits for. */
export class Turn {
  private current: Promise<void> | null = null;

  get taken(): boolean {
    return this.current !== null;
  }

  /** Resolves when nothing holds the turn; whoever asked first goes on first. */
  async free(): Promise<void> {
    while (this.current !== null) await this.current;
  }

  /** The work's own failure is its caller's alone. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    // Not `free()`, which would let two who find it free at once both go on.
    while (this.current !== null) await this.current;
    const running = work();
    const clear = (): void => void (this.current = null);
    this.current = running.then(clear, clear);
    return running;
  }
}

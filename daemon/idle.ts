/** Calls `quiet` once nothing has happened for `after_ms`. One timer, set anew by each event, and none while nothing is awaited. */
export class Idle {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly after_ms: number,
    private readonly busy: () => boolean,
    private readonly quiet: () => void,
  ) {}

  touch(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.busy() ? this.touch() : this.quiet()), this.after_ms);
    // A timer alone must not keep a stopping daemon alive.
    this.timer.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

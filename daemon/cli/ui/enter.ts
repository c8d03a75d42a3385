/** The Enter key of the terminal. Whoever signs reads from the same terminal, so that this can step back. */

export class Enter {
  private pressed: () => void = () => undefined;
  private readonly heard = (chunk: Buffer): void => {
    if (chunk.includes("\n")) this.pressed();
  };

  /** Where there is nobody to press it, nothing is heard. */
  listen(pressed: () => void): void {
    this.pressed = pressed;
    process.stdin.on("data", this.heard);
    process.stdin.on("error", () => undefined);
  }

  pause(): void {
    process.stdin.pause();
  }

  resume(): void {
    process.stdin.resume();
  }

  close(): void {
    process.stdin.off("data", this.heard);
    process.stdin.pause();
    process.stdin.unref?.();
  }
}

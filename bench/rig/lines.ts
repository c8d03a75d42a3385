/** A program that is asked in lines and answers each with one, as peers of benches are that take turns with us. */

/** Lines of a stream as they come, without the last one's rest. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let held: string[] = [];
  for await (const chunk of stream) {
    const [first = "", ...lines] = decoder.decode(chunk, { stream: true }).split("\n");
    held.push(first);
    for (const line of lines) {
      yield held.join("");
      held = [line];
    }
  }
}

export interface Asked {
  readonly pid: number;
  ask<Reply>(question: unknown): Promise<Reply>;
  close(): Promise<void>;
}

/** Throws, at the next question, where the program ended. */
export function askedInLines(argv: readonly string[]): Asked {
  const child = Bun.spawn([...argv], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const lines = linesOf(child.stdout);
  return {
    pid: child.pid,
    async ask<Reply>(question: unknown): Promise<Reply> {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      await child.stdin.flush();
      const { value } = await lines.next();
      if (value === undefined) throw new Error(`${argv.join(" ")} ended with ${await child.exited}`);
      return JSON.parse(value) as Reply;
    },
    async close() {
      await child.stdin.end();
      await child.exited;
    },
  };
}

/**
 * The messages of `tlc2.TLC -tool`. Each stands between two whole lines; a message may hold another. What a specification
 * prints (`PrintT`) stands between messages, quoted: a marker in it never is a line of its own, so only whole lines count.
 */

/** `text` is without the messages inside. Severity: 0 information, 1 error, 2 and 3 warnings, 4 a state. */
export interface Message {
  readonly code: number;
  readonly severity: number;
  readonly text: string;
}

export interface Framed {
  /** In the order they began. */
  readonly messages: readonly Message[];
  /** Every message that began has ended, and in its turn. */
  readonly whole: boolean;
}

const START = /^@!@!@STARTMSG (\d{1,5}):(\d{1,2}) @!@!@$/;
const END = /^@!@!@ENDMSG (\d{1,5}) @!@!@$/;
/** TLC nests two deep. */
const DEPTH_MAX = 8;

interface Open {
  readonly code: number;
  readonly severity: number;
  readonly lines: string[];
}

export function framed(output: string): Framed {
  const begun: Open[] = [];
  const open: Open[] = [];
  let whole = true;
  for (const line of output.split("\n")) {
    const start = START.exec(line);
    const end = start === null ? END.exec(line) : null;
    if (start !== null) {
      const message: Open = { code: Number(start[1]), severity: Number(start[2]), lines: [] };
      if (open.length >= DEPTH_MAX) return { messages: textsOf(begun), whole: false };
      begun.push(message);
      open.push(message);
    } else if (end !== null) {
      whole &&= open.pop()?.code === Number(end[1]);
    } else {
      open.at(-1)?.lines.push(line);
    }
  }
  return { messages: textsOf(begun), whole: whole && open.length === 0 };
}

const textsOf = (all: readonly Open[]): Message[] => all.map(({ code, severity, lines }) => ({ code, severity, text: lines.join("\n") }));

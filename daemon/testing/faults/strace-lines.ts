/** What strace wrote, as calls: one per system call, in the order in which they began. */

export interface Call {
  readonly tid: number;
  readonly name: string;
  /** Arguments as printed, split at the top level. */
  readonly args: readonly string[];
  readonly result: number;
  /** What `-y` says of a descriptor that was returned. */
  readonly result_path: string | null;
  /** Number of the line on which it began, and of the one on which it was over. */
  readonly began: number;
  readonly ended: number;
}

/** `-xx` writes every byte of a string as `\xNN`. */
export function unhex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll("\\x", ""));
}

export const unhexText = (text: string): string => (text.includes("\\x") ? new TextDecoder().decode(unhex(text)) : text);

/** Splits at commas that stand outside quotes and brackets. Everything in quotes is hexadecimal, so no quote is escaped. */
export function splitArgs(text: string): string[] {
  const args: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (c === "(" || c === "[" || c === "{") depth++;
    else if (c === ")" || c === "]" || c === "}") depth--;
    else if (c === "," && depth === 0) {
      args.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  const last = text.slice(from).trim();
  return last === "" && args.length === 0 ? [] : [...args, last];
}

const RESUMED = /^<\.\.\. (\w+) resumed>/;
const UNFINISHED = /\s*<unfinished \.\.\.>$/;
const RETURNED = /\)\s+= (-?\d+|0x[0-9a-f]+|\?)(?:<([^>]*)>)?(.*)$/s;

interface Begun {
  readonly name: string;
  readonly text: string;
  readonly line: number;
}

function finished(tid: number, { name, text, line }: Begun, ended: number): Call | null {
  const returned = RETURNED.exec(text);
  if (returned === null) return null;
  const [, value = "?", path] = returned;
  return {
    tid, name, args: splitArgs(text.slice(0, returned.index)), result: value === "?" ? -1 : Number(value),
    result_path: path === undefined ? null : unhexText(path), began: line, ended,
  };
}

/**
 * Reads the output of `strace -f -y -xx`. A call that the process did not live
 * to see the end of has `ended` at infinity: it may have happened.
 */
export function parseStrace(output: string): Call[] {
  const calls: Call[] = [];
  const open = new Map<number, Begun>();
  let number = 0;
  for (const line of output.split("\n")) {
    number++;
    const head = /^(\d+)\s+(.*)$/s.exec(line);
    if (head === null) continue;
    const tid = Number(head[1]);
    const text = head[2] ?? "";
    const resumed = RESUMED.exec(text);
    const name = resumed?.[1] ?? /^(\w+)\(/.exec(text)?.[1];
    if (name === undefined) continue;
    const before = open.get(tid);
    const begun = resumed !== null && before !== undefined ? { ...before, text: before.text + text.slice(resumed[0].length) } : { name, text: text.slice(name.length + 1), line: number };
    if (UNFINISHED.test(text)) {
      open.set(tid, { ...begun, text: begun.text.replace(UNFINISHED, "") });
      continue;
    }
    open.delete(tid);
    const call = finished(tid, begun, number);
    if (call !== null) calls.push(call);
  }
  for (const [tid, { name, text, line }] of open) calls.push({ tid, name, args: splitArgs(text), result: 0, result_path: null, began: line, ended: Infinity });
  return calls.sort((a, b) => a.began - b.began);
}

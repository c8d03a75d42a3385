/** Patch and code out of a draft, which may stand in a fence, among words, or alone. */
const FENCE = /^[ \t]*(`{3,}|~{3,})([^\n`]*)\n([\s\S]*?)^[ \t]*\1[ \t]*$/gm;
const DIFF_START = /^(?:diff --git |--- (?:a\/|\/dev\/null))/m;

interface Block {
  readonly language: string;
  readonly text: string;
}

const blocksIn = (text: string): Block[] => [...text.matchAll(FENCE)].map((match) => ({ language: (match[2] ?? "").trim().toLowerCase(), text: match[3] ?? "" }));

/** The unified diff that a text holds; null where there is none. */
export function patchIn(text: string): string | null {
  const fenced = blocksIn(text).filter((block) => DIFF_START.test(block.text)).map((block) => block.text);
  const whole = fenced.length > 0 ? fenced.join("\n") : text;
  const start = whole.search(DIFF_START);
  if (start === -1) return null;
  const lines = whole.slice(start).split("\n");
  const end = lines.findIndex((line) => !/^(?:[ +\-@\\]|diff |index |new file|deleted file|old mode|new mode|similarity|rename |$)/.test(line));
  return `${lines.slice(0, end === -1 ? undefined : end).join("\n").replace(/\n+$/, "")}\n`;
}

/** The file that a text holds: what a patch adds, else the longest fence, else all of it. */
export function codeIn(text: string): string | null {
  const patch = patchIn(text);
  if (patch !== null) return `${patch.split("\n").filter((line) => line.startsWith("+") && !line.startsWith("+++")).map((line) => line.slice(1)).join("\n")}\n`;
  const [longest] = blocksIn(text).sort((a, b) => b.text.length - a.text.length);
  return longest?.text ?? (text.trim() === "" ? null : text);
}

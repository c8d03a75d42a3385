/** The same in a browser: the cases stand in the page, and so does the answer afterwards. */
import { accepted, type SignatureCase } from "./signatures.ts";

interface Page {
  readonly document: { getElementById(id: string): { textContent: string | null } | null };
}

const { document } = globalThis as typeof globalThis & Page;
const cases = JSON.parse(document.getElementById("cases")?.textContent ?? "[]") as SignatureCase[];
const answer = document.getElementById("answer");
if (answer !== null) answer.textContent = `accepted:${accepted(cases).join(",")};`;

/** Mutation results in the form all Stryker tools share (mutation-testing-elements, report schema 1 to 3). */
import { rational } from "../../../proto/decimal.ts";
import { fieldOf, isJsonFields, readJson } from "./json.ts";
import { broken, BrokenReport, type Report } from "./reading.ts";

/** Every status the schema has. */
const STATUSES = ["Killed", "Survived", "NoCoverage", "Timeout", "CompileError", "RuntimeError", "Ignored", "Pending"] as const;
type Status = (typeof STATUSES)[number];

function isStatus(value: unknown): value is Status {
  return (STATUSES as readonly unknown[]).includes(value);
}

/** Throws `BrokenReport`: another form, a status nobody knows, or a run that is not finished. */
export function openStryker(bytes: Uint8Array): Report {
  const files = fieldOf(readJson(bytes), "files");
  if (!isJsonFields(files)) throw new BrokenReport("it is no mutation report: it has no files");
  const counts: Record<Status, number> = { Killed: 0, Survived: 0, NoCoverage: 0, Timeout: 0, CompileError: 0, RuntimeError: 0, Ignored: 0, Pending: 0 };
  for (const file of Object.values(files)) {
    const mutants = fieldOf(file, "mutants");
    if (!Array.isArray(mutants)) throw new BrokenReport("it is no mutation report: a file has no mutants");
    for (const mutant of mutants) {
      const status = fieldOf(mutant, "status");
      if (!isStatus(status)) throw new BrokenReport("a mutant has no known status");
      counts[status]++;
    }
  }
  if (counts.Pending > 0) throw new BrokenReport(`${counts.Pending} mutants are still pending`);
  // The score's own definition: detected of those that could be; what did not compile or was ignored says nothing.
  const detected = counts.Killed + counts.Timeout;
  const total = detected + counts.Survived + counts.NoCoverage;
  const numbers: Readonly<Record<string, number>> = { killed: counts.Killed, survived: counts.Survived, timeout: counts.Timeout, "no-coverage": counts.NoCoverage, total };
  return (what) => {
    if (what !== "score") return Object.hasOwn(numbers, what) ? { value: rational(numbers[what]!) } : broken(`a mutation report has no ${what}`);
    return total === 0 ? broken("it holds no mutant that could be killed") : { value: rational(100n * BigInt(detected), total) };
  };
}

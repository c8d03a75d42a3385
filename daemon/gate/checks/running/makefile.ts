/** As much of a makefile as it takes to say which of its lines a target runs. */

interface Rule {
  readonly needs: readonly string[];
  readonly lines: readonly string[];
}

const HEADER = /^([^\s#:=][^:=#]*?)\s*::?(?!=)([^#]*)/;

/**
 * What make reads for these targets, as one text: every line that stands outside of rules (variables, includes, conditions), and the rules
 * that the targets lead to. All of it where no target is named or one of them is not found: then nothing can be left out.
 */
export function partFor(text: string, targets: readonly string[]): string {
  const { shared, rules } = parsed(text);
  const wanted = [...targets];
  const reached = new Set<string>();
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    wanted.push(...(rules.get(name)?.flatMap(({ needs }) => needs) ?? []));
  }
  if (targets.length === 0 || targets.some((name) => !rules.has(name))) return text;
  return [...shared, ...[...reached].sort().flatMap((name) => rules.get(name)?.flatMap(({ lines }) => lines) ?? [])].join("\n");
}

function parsed(text: string): { readonly shared: readonly string[]; readonly rules: ReadonlyMap<string, readonly Rule[]> } {
  const shared: string[] = [];
  const rules = new Map<string, Rule[]>();
  let lines: string[] | null = null;
  for (const line of text.replace(/\\\r?\n/g, " ").split(/\r?\n/)) {
    const header = HEADER.exec(line);
    if (line.startsWith("\t") && lines !== null) lines.push(line);
    else if (header !== null && !header[1]!.includes("%") && !/^(?:export|override|define|ifeq|ifneq|ifdef|ifndef|include|-include|sinclude)\b/.test(line)) {
      lines = [line];
      for (const name of words(header[1]!)) rules.set(name, [...(rules.get(name) ?? []), { needs: words(header[2]!.split(";", 1)[0]!), lines }]);
    } else if (line.trim() !== "" && !line.startsWith("#")) {
      lines = null;
      shared.push(line);
    }
  }
  return { shared, rules };
}

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "" && word !== "|");

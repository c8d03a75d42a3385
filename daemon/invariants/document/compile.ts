/** One invariant: from YAML to conditions that can be asked, or every mistake in it. */
import { InvariantDocument } from "../../../proto/invariant.ts";
import type { Problem } from "../problem.ts";
import { build, Problems, type CompileOptions, type CompileResult } from "./build.ts";
import { shaped } from "./shape.ts";
import { readYaml, type YamlText } from "./yaml.ts";

const inOrder = (problems: readonly Problem[]): Problem[] => [...problems].sort((a, b) => a.line - b.line || a.column - b.column);

/** One invariant out of a text that has been read. */
export function compileYaml(yaml: YamlText, options: CompileOptions): CompileResult {
  const shape = shaped(InvariantDocument, yaml);
  if ("problems" in shape) return { errors: shape.problems };
  const problems = new Problems(yaml);
  const compiled = build(shape.value, problems, options);
  return problems.found.length > 0 ? { errors: inOrder(problems.found) } : { ok: compiled };
}

/** One YAML text, one invariant. */
export function compile(text: string, options: CompileOptions = {}): CompileResult {
  const yaml = readYaml(text);
  return "problem" in yaml ? { errors: [yaml.problem] } : compileYaml(yaml, options);
}

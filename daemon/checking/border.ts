/** Where other rules begin, or where somebody accepted something: findings on the two sides of such a border are not the same, and a file that crosses it is looked at whole. */
import type { WaivedPlace } from "../../proto/facts.ts";
import { governing } from "../config/folder-of.ts";
import { classify } from "./classify.ts";
import { pathMatcher } from "./globs.ts";

/** Whether a waiver's rule, which may end in `.*`, means this one. */
export function speaksOf(pattern: string, rule: string): boolean {
  return pattern.endsWith(".*") ? rule.startsWith(pattern.slice(0, -1)) : pattern === rule;
}

export class Borders {
  private readonly waived: readonly { readonly rule: string; readonly names: (path: string) => boolean }[];

  /**
   * `folders` have a `maestro.yaml` of their own at the base; `waived` are the waivers there, whatever their day: one that has
   * ended speaks of its place still, and nothing that it spoke of is at home elsewhere.
   */
  constructor(private readonly folders: readonly string[], waived: readonly WaivedPlace[]) {
    this.waived = waived.map(({ folder, rule, paths }) => {
      const matchers = paths.map(pathMatcher);
      const below = folder === "" ? "" : `${folder}/`;
      return { rule, names: (path) => path.startsWith(below) && matchers.some((matches) => matches(path.slice(below.length))) };
    });
  }

  /**
   * What decides which rules speak of a path, what policy softens there and which waivers reach it: the deepest folder with a file of its
   * own, whether it is a test, a fixture or generated, and the waivers that name it, those of `rule` alone where one is given. Equal for two paths on one side.
   */
  sideOf(path: string, rule: string | null = null): string {
    const { test, fixture, generated } = classify(path);
    const reached = this.waived.flatMap((waiver, at) => ((rule === null || speaksOf(waiver.rule, rule)) && waiver.names(path) ? [at] : []));
    return JSON.stringify([governing(this.folders, path), test, fixture, generated, reached]);
  }
}

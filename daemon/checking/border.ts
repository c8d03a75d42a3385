/** Where other rules begin: findings on the two sides of such a border are not the same, and a file that crosses it is looked at whole. */
import { governing } from "../config/folder-of.ts";
import { classify } from "./classify.ts";

/**
 * What decides which rules speak of a path and what policy softens there: the deepest of `folders` it lies in, which have a
 * `maestro.yaml` of their own at the base, and whether it is a test, a fixture or generated. Equal for two paths on one side.
 */
export function sideOf(folders: readonly string[] | undefined, path: string): string {
  const { test, fixture, generated } = classify(path);
  return JSON.stringify([governing(folders, path), test, fixture, generated]);
}

import { readFileSync } from "node:fs";

const GROUP_FILE = "/etc/group";

/**
 * Number of a group by its name, or `null` where the file has none (group(5): name, password, number, members). No name service is
 * asked: a daemon without network could not, and who may connect must not depend on one.
 */
export function groupNumber(group: string | number, text: () => string = () => readFileSync(GROUP_FILE, "utf8")): number | null {
  if (typeof group === "number") return group;
  for (const line of text().split("\n")) {
    const [name, , number] = line.split(":");
    if (name === group && number !== undefined && /^[0-9]+$/.test(number)) return Number(number);
  }
  return null;
}

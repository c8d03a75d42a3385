/** Whether program text is one, as far as this process can tell. Runs in a check process alone: it parses text of a change. */
const LOADERS = [[/\.[cm]?ts$/, "ts"], [/\.tsx$/, "tsx"], [/\.[cm]?js$|\.jsx$/, "jsx"]] as const;

export function parses(path: string, text: string): boolean | null {
  if (/\.json$/.test(path)) return isJson(text);
  const loader = LOADERS.find(([of]) => of.test(path))?.[1];
  if (loader === undefined) return null;
  try {
    new Bun.Transpiler({ loader }).transformSync(text);
    return true;
  } catch {
    return false;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Entry of `maestro` in a package. `status`, which is asked most, is bundled here with nothing else. A hook, which an agent waits for, and every
 * other command have their code in files of their own, which take longer to load than `status` takes to answer.
 */
const [command, ...rest] = Bun.argv.slice(2);
if (command === "status") void import("./main.ts");
else if (command === "hook" && rest.every((word) => !word.startsWith("-"))) void import(new URL("maestro-hook.js", Bun.pathToFileURL(Bun.main)).pathname);
else void import(new URL("maestro-all.js", Bun.pathToFileURL(Bun.main)).pathname);

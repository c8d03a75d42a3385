/**
 * Entry of `maestro` in a package. `status`, which is asked most, is bundled here with nothing else; every other command has its code in a
 * file of its own, which takes longer to load than `status` takes to answer.
 */
if (Bun.argv[2] === "status") void import("./main.ts");
else void import(new URL("maestro-all.js", Bun.pathToFileURL(Bun.main)).pathname);

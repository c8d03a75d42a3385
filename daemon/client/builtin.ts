/**
 * Parts of the runtime that are loaded at their first use. Together they take three milliseconds, a fifth of what an agent waits for a hook before
 * every call; most calls are judged by their text and need none of them.
 */
export const disk = (): typeof import("node:fs") => process.getBuiltinModule("node:fs");
export const system = (): typeof import("node:os") => process.getBuiltinModule("node:os");
/** Of POSIX, as the shells and git that are judged have no other. */
export const posix = (): typeof import("node:path").posix => process.getBuiltinModule("node:path").posix;

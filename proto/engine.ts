/**
 * Of a command that has ended before anything could be compiled: without the compilers' own start it is 3 ms sooner at its work. Nothing
 * that such a command starts may inherit it. Measured in docs/decisions/0011.
 */
export const SHORT_RUN_SETTING = "BUN_JSC_useJIT";

/**
 * What Bun's JavaScript engine is told where it runs `maestrod`: settings of JavaScriptCore, read from the environment at the start of a process.
 * A function is compiled after sixteen times as many calls as it would take by itself. The core waits for disks and processes most of its life:
 * what runs often is compiled all the same, and what ran once while it started is not kept in memory as machine code. Measured in docs/decisions/0011.
 */
export const ENGINE_SETTINGS = { BUN_JSC_thresholdForJITAfterWarmUp: "8000" } as const;

/**
 * What Bun's JavaScript engine is told where it runs `maestrod`: settings of JavaScriptCore, read from the environment at the start of a process.
 * The core waits for disks and processes most of its life. Its third compiler pays only in long numeric loops, which run in WebAssembly here,
 * and its second is worth its memory only for what really runs often; a program that idles should not hold code for what ran once.
 * Measured in docs/decisions/0011-engine-settings.md.
 */
export const ENGINE_SETTINGS = {
  BUN_JSC_useFTLJIT: "0",
  BUN_JSC_thresholdForOptimizeAfterWarmUp: "10000",
  BUN_JSC_thresholdForOptimizeAfterLongWarmUp: "10000",
} as const;

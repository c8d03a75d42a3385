/** Memory of this machine, as the kernel counts it. */

/** Free for one more process: what may be had without swapping, and no more than a control group allows (meminfo(5), MemAvailable). */
export const freeMemoryBytes = (): number => Math.min(process.availableMemory(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

/** A library that answers as libnvidia-ml.so.1 does, well or badly, compiled for the test. It is no driver: what it shows is how its answers are read. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const SOURCE = `
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <stdlib.h>
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned int version; unsigned long long total, reserved, free, used; } memory_v2_t;
typedef struct { unsigned int pid; unsigned long long used; unsigned int gi, ci; } process_t;
typedef struct { unsigned int gpu, memory; } rates_t;
#ifndef DEVICES
#define DEVICES 2
#endif
#define MIB (1024ULL * 1024ULL)
static uint64_t devices[2] = { 0xfeedfacecafe0001ULL, 0xfeedfacecafe0002ULL };
static int which(uint64_t device) { return device == devices[0] ? 0 : device == devices[1] ? 1 : -1; }
int nvmlInit_v2(void) {
#ifdef HANG
  for (;;) pause();
#elif defined CRASH
  abort();
#elif defined INIT
  return INIT;
#else
  return 0;
#endif
}
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) {
#ifdef GARBAGE
  return 0;
#else
  return code == 18 ? "Driver/library version mismatch" : code == 15 ? "GPU is lost" : code == 9 ? "Driver Not Loaded" : "Unknown Error";
#endif
}
int nvmlDeviceGetCount_v2(unsigned int *count) {
#ifdef GARBAGE
  *count = 0xffffffffu;
#else
  *count = DEVICES;
#endif
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, uint64_t *device) {
#ifdef LOST
  if (index == 1) return 15;
#endif
  if (index > 1) return 2;
  *device = devices[index];
  return 0;
}
int nvmlDeviceGetName(uint64_t device, char *name, unsigned int length) {
  if (which(device) < 0) return 2;
#ifdef GARBAGE
  memset(name, 0xfe, length);
  memcpy(name, "\\x1b[2J\\nbad\\x80", 10);
#else
  strncpy(name, which(device) == 0 ? "Fake A100 80GB" : "Fake T4", length);
#endif
  return 0;
}
int nvmlDeviceGetUUID(uint64_t device, char *uuid, unsigned int length) {
  if (which(device) < 0) return 2;
#ifdef GARBAGE
  strncpy(uuid, "GPU-0; rm -rf /", length);
#else
  strncpy(uuid, which(device) == 0 ? "GPU-00000000-1111-2222-3333-444444444444" : "GPU-55555555-6666-7777-8888-999999999999", length);
#endif
  return 0;
}
int nvmlDeviceGetMemoryInfo(uint64_t device, memory_t *memory) {
  if (which(device) < 0) return 2;
#ifdef GARBAGE
  memory->total = 1; memory->free = ~0ULL; memory->used = 0;
#else
  memory->total = (which(device) == 0 ? 81920 : 16384) * MIB; memory->free = (which(device) == 0 ? 80000 : 16000) * MIB; memory->used = memory->total - memory->free;
#endif
  return 0;
}
#ifndef OLD
int nvmlSystemGetDriverVersion(char *version, unsigned int length) { strncpy(version, "575.99.01", length); return 0; }
#ifndef GARBAGE
int nvmlDeviceGetMemoryInfo_v2(uint64_t device, memory_v2_t *memory) {
  if (which(device) < 0 || memory->version != (sizeof(memory_v2_t) | (2 << 24))) return 25;
  memory->total = (which(device) == 0 ? 81920 : 16384) * MIB; memory->reserved = 500 * MIB; memory->free = (which(device) == 0 ? 79500 : 15500) * MIB; memory->used = memory->total - memory->free - memory->reserved;
  return 0;
}
#endif
int nvmlDeviceGetUtilizationRates(uint64_t device, rates_t *rates) {
  if (which(device) == 1) return 3;
  rates->gpu = 37; rates->memory = 12;
  return 0;
}
int nvmlDeviceGetMigMode(uint64_t device, unsigned int *current, unsigned int *pending) {
  if (which(device) == 1) return 3;
#ifdef MIG
  *current = 1; *pending = 1;
#else
  *current = 0; *pending = 0;
#endif
  return 0;
}
int nvmlDeviceGetComputeRunningProcesses_v3(uint64_t device, unsigned int *count, process_t *infos) {
  FILE *listed = fopen(PIDS, "r");
  if (listed) {
    unsigned int n = 0, at, pid, mib;
    while (n < *count && fscanf(listed, "%u %u %u", &at, &pid, &mib) == 3)
      if ((int)at == which(device)) { infos[n].pid = pid; infos[n].used = mib * MIB; infos[n].gi = infos[n].ci = 0xffffffffu; n++; }
    fclose(listed);
    *count = n;
    return 0;
  }
  if (which(device) == 1) { *count = 0; return 0; }
  if (*count < 2) return 7;
  infos[0].pid = 4242; infos[0].used = 900 * MIB; infos[0].gi = infos[0].ci = 0xffffffffu;
  infos[1].pid = 4243; infos[1].used = ~0ULL; infos[1].gi = infos[1].ci = 0xffffffffu;
  *count = 2;
  return 0;
}
#endif
`;

export type Flaw = "HANG" | "CRASH" | "GARBAGE" | "LOST" | "OLD" | "MIG" | "INIT=9" | "INIT=18" | "DEVICES=0";

/** The file that its processes are read from, where there is one: a device, a process and its MiB to a line. */
export const fakePids = (folder: string): string => join(folder, "pids");

/** Where such a library lies. */
export function fakeNvml(folder: string, flaw?: Flaw): string {
  const [source, library] = [join(folder, "nvml.c"), join(folder, `libnvidia-ml-${flaw ?? "good"}.so`)];
  writeFileSync(source, SOURCE);
  const { exitCode, stderr } = Bun.spawnSync(["cc", "-shared", "-fPIC", "-O1", "-w", `-DPIDS="${fakePids(folder)}"`, ...(flaw === undefined ? [] : [`-D${flaw}`]), "-o", library, source], { stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`cc: ${stderr.toString()}`);
  return library;
}

/** Milliseconds of processor time that this process has used: what a bound on synchronous work is measured in, because the wall clock also counts what the neighbours do. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

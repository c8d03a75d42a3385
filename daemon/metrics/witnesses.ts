/** Gauges of witnesses. Names of witnesses and statuses come from the operator's configuration and from a specification, so they are few. */
import { Gauge, type Metric } from "./registry.ts";

export interface WitnessReading {
  /** Entries of the log that no witnessed checkpoint covers; null where nobody is asked. */
  readonly behind: number | null;
  readonly peers: readonly { readonly name: string; readonly behind: number; readonly failures: number; readonly cosigned_s: number | null }[];
  /** Answers to submissions of others, by HTTP status. */
  readonly answers: ReadonlyMap<number, number>;
  /** Logs that are cosigned no more. */
  readonly refused: number;
}

export function witnessMetrics(now: () => WitnessReading): Metric[] {
  const peers = (name: string, help: string, read: (peer: WitnessReading["peers"][number]) => number | null) =>
    new Gauge(name, help, () => now().peers.flatMap((peer) => {
      const value = read(peer);
      return value === null ? [] : [[{ witness: peer.name }, value]];
    }));
  return [
    new Gauge("maestro_witnessed_behind_entries", "Entries of the log that no checkpoint with a quorum of witnesses covers.", () => {
      const { behind } = now();
      return behind === null ? [] : [[{}, behind]];
    }),
    peers("maestro_witness_behind_entries", "Entries of the log that a witness has not cosigned.", ({ behind }) => behind),
    peers("maestro_witness_failures", "Failures of a witness in a row.", ({ failures }) => failures),
    peers("maestro_witness_cosigned_timestamp_seconds", "When a witness cosigned last.", ({ cosigned_s }) => cosigned_s),
    new Gauge("maestro_witness_answers_total", "Submissions of other logs answered, by HTTP status of C2SP tlog-witness.", () => [...now().answers].map(([status, count]) => [{ status: String(status) }, count]), "counter"),
    new Gauge("maestro_witness_refused_logs", "Logs that this node cosigns no more, because it remembers less than it signed.", () => [[{}, now().refused]]),
  ];
}

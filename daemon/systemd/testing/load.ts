/** Requests without a pause while a daemon is restarted under them: what failed, and how long each took. */
import { MaestroClient } from "../../client/maestro.ts";

export class Load {
  readonly took_ms: number[] = [];
  readonly failures: string[] = [];
  private running = true;
  private readonly loops: Promise<void>[];

  /** `lanes` clients, each asking again as soon as it is answered. A held socket never refuses, so none of them is patient. */
  constructor(path: string, lanes: number, ask: (client: MaestroClient) => Promise<unknown> = (client) => client.status()) {
    this.loops = Array.from({ length: lanes }, () => this.lane(new MaestroClient(path, { patience_ms: 0 }), ask));
  }

  private async lane(client: MaestroClient, ask: (client: MaestroClient) => Promise<unknown>): Promise<void> {
    while (this.running) {
      const started_ms = performance.now();
      try {
        await ask(client);
        this.took_ms.push(performance.now() - started_ms);
      } catch (error) {
        this.failures.push(error instanceof Error ? error.message : String(error));
      }
      await Bun.sleep(1);
    }
  }

  async end(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
  }

  get worst_ms(): number {
    return Math.max(...this.took_ms);
  }
}

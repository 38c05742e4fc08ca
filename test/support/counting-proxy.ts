import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Everything that a client sends within so many milliseconds counts as one round trip, which takes that much longer. */
const distance = 10;

/** A proxy that simulates a distant server: it forwards what was sent at once, and counts the round trips. */
export class CountingProxy {
  /** How often a client has sent something. Several commands sent at once are one round trip. */
  roundTrips = 0;
  private readonly sockets: Socket[] = [];

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on('connection', (client) => this.join(client));
  }

  /** Listens on a free port of this machine, and forwards to `target`, another port. */
  static async start(target: number): Promise<CountingProxy> {
    const proxy = new CountingProxy(createServer(), target);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Counts the round trips that some work takes. */
  async roundTripsOf(work: () => Promise<unknown>): Promise<number> {
    const before = this.roundTrips;
    await work();
    return this.roundTrips - before;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private join(client: Socket): void {
    const upstream = connect(this.target, '127.0.0.1').setNoDelay();
    this.sockets.push(client, upstream);
    let waiting: Buffer[] = [];
    client.on('data', (bytes: Buffer) => {
      if (waiting.push(bytes) > 1) return;
      setTimeout(() => {
        this.roundTrips++;
        upstream.write(Buffer.concat(waiting));
        waiting = [];
      }, distance);
    });
    upstream.pipe(client.setNoDelay());
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    client.on('close', () => upstream.destroy());
  }
}

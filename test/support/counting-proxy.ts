import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Milliseconds within which what a client sends counts as sent at once, and by which every trip is longer. */
const distance = 10;

/** A server far away from its client: it passes on all that was sent at once, and counts how often it has to. */
export class CountingProxy {
  /** How often a client has sent something, be it several commands at once. */
  trips = 0;
  private readonly sockets: Socket[] = [];

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on('connection', (client) => this.join(client));
  }

  /** Resolves once it accepts connections, on a free port of this machine, to a server on another one. */
  static async start(target: number): Promise<CountingProxy> {
    const proxy = new CountingProxy(createServer(), target);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Counts the trips that something takes. */
  async tripsOf(work: () => Promise<unknown>): Promise<number> {
    const before = this.trips;
    await work();
    return this.trips - before;
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
        this.trips++;
        upstream.write(Buffer.concat(waiting));
        waiting = [];
      }, distance);
    });
    upstream.pipe(client.setNoDelay());
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    client.on('close', () => upstream.destroy());
  }
}

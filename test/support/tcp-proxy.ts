import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** A network between clients and a server on this machine that can be slow, hold up what is sent, and break. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private forgotten = new WeakSet<Socket>();
  private readonly requests = new Gate();
  private readonly replies = new Gate();
  private delay = 0;
  private loss: { readonly command: RegExp; readonly happened: () => void } | undefined;

  private constructor(
    private readonly server: Server,
    private target: number,
  ) {
    server.on('connection', (client) => this.join(client, connect(this.target, '127.0.0.1')));
  }

  /** Resolves once it listens on a port of its own. `leadTo` may set the target later. */
  static async start(target = 0): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  leadTo(port: number): void {
    this.target = port;
  }

  /** From now on, everything takes so many milliseconds longer, in each direction. */
  slowDown(milliseconds: number): void {
    this.delay = milliseconds;
  }

  /** Lets nothing through, or nothing of what the server sends, until it is released; new connections are accepted. */
  holdUp(what: 'everything' | 'replies'): void {
    this.replies.close();
    if (what === 'everything') this.requests.close();
  }

  release(): void {
    this.replies.open();
    this.requests.open();
  }

  /** Drops everything on the current connections silently, as a router that has forgotten them. */
  forgetConnections(): void {
    this.forgotten = new WeakSet(this.sockets);
  }

  /** Resets the connections that there are. */
  resetConnections(): void {
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** Breaks the connection that sends the next such command, after the server has replied; resolves then. */
  loseReplyTo(command: RegExp): Promise<void> {
    return new Promise((happened) => {
      this.loss = { command, happened };
    });
  }

  async stop(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  private join(client: Socket, server: Socket): void {
    let loss: typeof this.loss;
    this.pump(client, server, this.requests, (bytes) => {
      if (!this.loss?.command.test(bytes.toString('latin1'))) return;
      loss = this.loss;
      this.loss = undefined;
    });
    this.pump(server, client, this.replies, () => {
      if (!loss) return;
      client.destroy();
      server.destroy();
      loss.happened();
      loss = undefined;
    });
  }

  /** Passes on what comes, in order; `look` sees it first. */
  private pump(from: Socket, to: Socket, gate: Gate, look: (bytes: Buffer) => void): void {
    let passed = Promise.resolve();
    const pass = (act: () => void) => {
      const due = this.delay > 0 ? setTimeout(this.delay) : undefined;
      passed = passed.then(async () => {
        await due;
        await gate.opened;
        if (!to.destroyed) act();
      });
    };
    this.sockets.add(from);
    from.on('data', (bytes: Buffer) => {
      if (this.forgotten.has(from)) return;
      look(bytes);
      pass(() => to.write(bytes));
    });
    from.on('end', () => pass(() => to.end()));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      pass(() => to.destroy());
    });
  }
}

/** Can be waited for to open. */
class Gate {
  opened: Promise<void> = Promise.resolve();
  open: () => void = () => undefined;

  close(): void {
    this.open();
    this.opened = new Promise((resolve) => {
      this.open = resolve;
    });
  }
}

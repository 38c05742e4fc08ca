import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { documentedClient } from '../support/documented-client.js';

const page = `<!doctype html>
<title>A page of another origin</title>
<link rel="icon" href="data:,">
<script type="importmap">{"imports":{"axios":"/axios.js"}}</script>`;

/** Serves a page and the modules of docs/clients.md, from an origin that is not the API's. */
export class PageServer {
  /** The port of the API that the page calls. */
  apiPort = 0;
  private readonly server: Server;

  private constructor() {
    const modules: Readonly<Record<string, () => string>> = {
      '/axios.js': () => readFileSync('node_modules/axios/dist/esm/axios.min.js', 'utf8'),
      '/api.js': () => documentedClient('api.js', this.apiPort),
      '/client.js': () => documentedClient('client.js', this.apiPort),
    };
    this.server = createServer(({ url = '' }, response) => {
      const module = modules[url];
      response.setHeader('Content-Type', module ? 'text/javascript' : 'text/html');
      response.end(module?.() ?? page);
    });
  }

  static async start(): Promise<PageServer> {
    const pages = new PageServer();
    pages.server.listen(0, '127.0.0.1');
    await once(pages.server, 'listening');
    return pages;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

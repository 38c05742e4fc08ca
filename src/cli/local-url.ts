/** Where a server that listens on this host and port is reached from the same machine. */
export function localUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const isAnyAddress = host === '0.0.0.0' || host === '::';
  return `http://${isAnyAddress ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${port}`;
}

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentSecurityPolicy } from './content-security-policy.js';

/** A file as it is served. */
export interface WebFile {
  readonly mediaType: string;
  readonly body: Buffer;
  /** A strong entity tag. */
  readonly tag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The files of the page, by path. A folder's page has the path of the folder, such as `/docs`. */
export type WebFiles = ReadonlyMap<string, WebFile>;

/** What the page must know before it asks the server anything. */
export interface PageSettings {
  readonly registration: 'open' | 'closed';
  /** The user that everybody may sign in as, if there is one. */
  readonly demo: { readonly username: string; readonly password: string } | undefined;
}

/** Where the build puts the files. */
const directory = fileURLToPath(new URL('../../../../web/', import.meta.url));

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.webmanifest': 'application/manifest+json',
};

/** Reads all files of the page into memory. */
export function readWebFiles(settings: PageSettings): WebFiles {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath.slice(directory.length).replaceAll(sep, '/'), entry.name));
  return new Map(
    names.map((name) => {
      const path = posix.join('/', name).replace(/(?<=.)\/index\.html$|^\/index\.html$/, '');
      return [path === '' ? '/' : path, toWebFile(name, settings)];
    }),
  );
}

function toWebFile(name: string, settings: PageSettings): WebFile {
  const bytes = readFileSync(posix.join(directory, name));
  const body = name === 'index.html' ? Buffer.from(withSettings(bytes.toString(), settings)) : bytes;
  const tag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const headers: Record<string, string> = { 'Cache-Control': 'no-cache' };
  if (name.endsWith('.html')) {
    headers['Content-Security-Policy'] =
      name === 'index.html' ? contentSecurityPolicy.page : contentSecurityPolicy.documentation;
  }
  return { mediaType: mediaTypes[extname(name)] ?? 'text/plain; charset=utf-8', body, tag, headers };
}

/** The page reads its settings from meta elements: they are there at once, and nothing in them is run. */
function withSettings(html: string, { registration, demo }: PageSettings): string {
  const metas = Object.entries({
    registration,
    ...(demo && { 'demo-username': demo.username, 'demo-password': demo.password }),
  }).map(([name, value]) => `<meta name="hexado:${name}" content="${value}" />`);
  return html.replace('</head>', `${metas.join('')}</head>`);
}

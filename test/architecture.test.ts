import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect } from 'chai';

/** Stands for an import whose module is computed when it runs, so that nobody can tell which it is. */
const computed = '(computed)';

/** What each folder may import besides itself: folders and files of ours, packages, and node's own modules. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  'src/domain': [],
  'src/application': ['src/domain'],
  'src/adapters/http': [
    'src/domain',
    'src/application',
    'koa',
    '@koa/cors',
    '@koa/router',
    'koa-bodyparser',
    '@fastify/busboy',
    'proxy-addr',
    'ipaddr.js',
    'node:*',
  ],
  'src/adapters/terminal': [
    'src/domain',
    'src/application',
    'stream-json/streamers/stream-array.js',
    'node:*',
  ],
  'src/adapters/in-memory': ['src/domain', 'src/application/ports'],
  'src/adapters/redis': ['src/domain', 'src/application/ports', 'ioredis', 'node:*'],
  'src/adapters/crypto': ['src/domain', 'src/application/ports', 'bcrypt', 'jsonwebtoken', 'node:*'],
  'src/adapters/metrics': ['src/domain', 'src/application/ports', 'prom-client', 'node:*'],
  'src/adapters/storage-module': [
    'src/domain',
    'src/application/ports',
    'src/application/describe-error.ts',
    'node:*',
    computed,
  ],
  'src/storage-contract': ['src/domain', 'src/application/ports', 'src/adapters/storage-module', 'node:*'],
  'src/runtime': ['src/application/ports', 'node:*'],
  'src/config': [
    'src/domain',
    'src/application',
    'src/adapters/crypto/signing-key.ts',
    'src/adapters/http/middleware/cors.ts',
    'src/adapters/http/request/client-address.ts',
    'src/adapters/redis/connection/redis-settings.ts',
    'node:*',
  ],
  'src/cli': [
    'src/domain',
    'src/application',
    'src/adapters',
    'src/config',
    'src/runtime',
    'src/storage-contract',
    'src/container.ts',
    'src/create-storage.ts',
    'pino',
    'pino-pretty',
    'node:*',
  ],
};

// The files right under src put everything together and may import anything, the container in one place only.
const container = 'inversify';
const containerFile = 'src/container.ts';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((path) => posix.join('src', path.replaceAll('\\', '/')))
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, code: withoutComments(readFileSync(path, 'utf8')) }));

describe('the architecture', () => {
  it('has a row for every folder and a folder for every row', () => {
    const folders = new Set(files.map(({ path }) => roomOf(path)));
    folders.delete('src');
    expect([...folders].toSorted()).to.deep.equal(Object.keys(rooms).toSorted());
  });

  for (const room of ['src', ...Object.keys(rooms)]) {
    it(`lets ${room} import ${sentence(room)}`, () => {
      const inside = files.filter(({ path }) => roomOf(path) === room);
      const rejected = inside.flatMap(({ path, code }) =>
        importsIn(code)
          .filter((specifier) => !mayImport(path, specifier))
          .map((specifier) => `${path} imports ${specifier}`),
      );
      expect(rejected).to.deep.equal([]);
    });
  }

  it('allows no package that is not used', () => {
    const granted = Object.entries(rooms).flatMap(([room, targets]) =>
      targets
        .filter((target) => !target.startsWith('src/') && target !== 'node:*')
        .map((target) => ({ room, target })),
    );
    const unused = granted.filter(
      ({ room, target }) =>
        !files.some(({ path, code }) => roomOf(path) === room && importsIn(code).includes(target)),
    );
    expect(granted).not.to.deep.equal([]);
    expect(unused).to.deep.equal([]);
  });

  it('lets src/main.ts import nothing before it holds signals back', () => {
    const main = codeOf('src/main.ts');
    expect(importsIn(main)).to.have.members(['./runtime/held-signals.js', './cli/program.js']);
    expect(main).to.match(/^holdSignals\(\);\n.*await import\('\.\/cli\/program\.js'\)/m);
    expect(importsIn(codeOf('src/runtime/held-signals.ts'))).to.deep.equal(['node:tty']);
  });

  it('loads the metrics only where they are wanted', () => {
    const load = /^import (?!type)[^;]*'[^']*\/adapters\/metrics\/[^']*';/m;
    expect(files.filter(({ code }) => load.test(code)).map(({ path }) => path)).to.deep.equal([]);
    expect(codeOf('src/cli/metrics.ts')).to.match(/await import\('..\/adapters\/metrics\//);
    expect("import { Metrics } from '../adapters/metrics/metrics.js';").to.match(load);
  });

  it('loads what takes long only for the commands that need it', () => {
    const paths = ['src/cli/program.ts'];
    const packages = new Set<string>();
    // Grows while it is gone through.
    for (const path of paths) {
      for (const [, from = ''] of codeOf(path).matchAll(/^import (?!type\b)[^;]*?'([^']+)';/gm)) {
        const file = posix.join(posix.dirname(path), from).replace(/\.js$/, '.ts');
        if (!from.startsWith('.')) packages.add(from);
        else if (!paths.includes(file)) paths.push(file);
      }
    }
    expect(packages).to.include.keys('pino', 'proxy-addr');
    expect(packages).not.to.have.any.keys('inversify', 'koa', 'ioredis', 'bcrypt', 'jsonwebtoken');
  });

  it('keeps the clock and random numbers out of the domain and the use cases', () => {
    // Date.parse of a time with its zone is a function of the text.
    const worldly =
      /\bDate\b(?=[.(])(?!\.parse\()|\bMath\.random\b|\bcrypto\.|\bperformance\.|\bprocess\.|\bconsole\.|\bglobalThis\b|\b(?:set(?:Timeout|Interval|Immediate)|queueMicrotask|fetch)\(/;
    const inside = files.filter(({ path }) => /^src\/(?:domain|application)\//.test(path));
    const found = inside.flatMap(({ path, code }) => {
      const word = worldly.exec(code)?.[0];
      return word === undefined ? [] : [`${path} uses ${word}`];
    });
    expect(inside).not.to.deep.equal([]);
    expect(found).to.deep.equal([]);
    for (const code of ['Date.now()', 'new Date()', 'Math.random()', 'setTimeout(f, 1)', 'process.env']) {
      expect(code).to.match(worldly);
    }
  });
});

describe('Koa and its router', () => {
  // What their documentation or types mark as private, and what leaves Koa's ordinary way.
  const uses: readonly (readonly [what: RegExp, allowed: readonly string[]])[] = [
    [/\b(?:createContext|handleRequest)\b/, ['src/adapters/http/lean-koa.ts']],
    [/\b(?:layer|router?)\w*\.(?:stack|match|captures|setPrefix)\b|\b_matchedRoute\b/, []],
    [/\.respond\b/, ['src/adapters/http/lean-koa.ts', 'src/adapters/http/response/reply.ts']],
    [/\breq(?:uest)?\.headers(?:\.[\w-]+|\[[^\]]+\]) = /, []],
  ];

  for (const [what, allowed] of uses) {
    it(`are used without ${what.source} but in ${allowed.join(', ') || 'no file'}`, () => {
      const inside = files.filter(({ path }) => roomOf(path) === 'src/adapters/http');
      const found = inside.filter(({ code }) => what.test(code)).map(({ path }) => path);
      expect(found).to.deep.equal(allowed);
    });
  }
});

describe('the rule about imports', () => {
  for (const [path, specifier] of [
    ['src/domain/task.ts', 'node:fs'],
    ['src/domain/task.ts', 'fs'],
    ['src/domain/task.ts', 'ioredis'],
    ['src/domain/task.ts', '../application/ports/storage.js'],
    ['src/domain/task.ts', '../main.js'],
    ['src/domain/task.ts', computed],
    ['src/application/logout.ts', 'node:crypto'],
    ['src/application/logout.ts', 'jsonwebtoken'],
    ['src/application/logout.ts', '../adapters/crypto/random-id.js'],
    ['src/adapters/redis/keys.ts', '../../application/logout.js'],
    ['src/adapters/redis/keys.ts', '../../application/ports-too/storage.js'],
    ['src/adapters/redis/keys.ts', '../redis-too/keys.js'],
    ['src/adapters/in-memory/create-storage.ts', 'node:fs'],
    ['src/adapters/in-memory/create-storage.ts', '../redis/create-storage.js'],
    ['src/adapters/in-memory/create-storage.ts', '../../application/manage-tasks.js'],
    ['src/adapters/crypto/random-id.ts', 'ioredis'],
    ['src/adapters/http/app.ts', '../redis/create-storage.js'],
    ['src/adapters/http/app.ts', '../terminal/user-commands.js'],
    ['src/adapters/http/app.ts', '../../container.js'],
    ['src/adapters/http/app.ts', 'ioredis'],
    ['src/adapters/http/app.ts', 'pino'],
    ['src/adapters/http/app.ts', 'koa-static'],
    ['src/adapters/http/app.ts', 'koa-helmet'],
    ['src/adapters/terminal/user-commands.ts', 'koa'],
    ['src/adapters/websocket/app.ts', '../../domain/task.js'],
    ['src/shared/strings.ts', 'ioredis'],
    ['src/runtime/v8-workarounds.ts', '../config/config.js'],
    ['src/runtime/v8-workarounds.ts', '../cli/serve.js'],
    ['src/config/config.ts', '../adapters/redis/create-storage.js'],
    ['src/config/config.ts', '../cli/arguments.js'],
    ['src/config/config.ts', '../container.js'],
    ['src/cli/serve.ts', 'koa'],
    ['src/cli/serve.ts', 'inversify'],
    ['src/adapters/storage-module/checked-storage.ts', '../../application/logout.js'],
    ['src/main.ts', 'inversify'],
    ['src/main.ts', 'inversify/lib/container.js'],
    ['src/main.ts', '../test/support/application.js'],
  ] as const) {
    it(`rejects an import of ${specifier} in ${path}`, () => {
      expect(mayImport(path, specifier)).to.equal(false);
    });
  }

  for (const [path, specifier] of [
    ['src/domain/task.ts', './fields.js'],
    ['src/application/logout.ts', '../domain/errors.js'],
    ['src/adapters/redis/keys.ts', '../../application/ports/storage.js'],
    ['src/adapters/http/app.ts', '../../application/logout.js'],
    ['src/adapters/http/app.ts', 'node:stream/consumers'],
    ['src/adapters/http/app.ts', '@koa/router'],
    ['src/main.ts', './adapters/http/app.js'],
    ['src/main.ts', 'pino'],
    ['src/main.ts', computed],
    ['src/container.ts', 'inversify'],
  ] as const) {
    it(`allows an import of ${specifier} in ${path}`, () => {
      expect(mayImport(path, specifier)).to.equal(true);
    });
  }

  it('covers every kind of import, and nothing else', () => {
    const code = withoutComments(`
      import 'a';
      import b from "b";
      import type { C } from 'c';
      import d, { type D } from 'd';
      import * as e from './e.js';
      import {
        f,
        from,
      } from 'f';
      export * from 'g';
      export type { H } from 'h';
      export { default as i } from '@i/i';
      import j = require('j');
      const k: import('k').K = await import('k');
      const l = await import( // for a reason
        'l'
      );
      const m = import(name);
      const n = import(\`n\`);
      // import 'comment';
      /* import('comment') */
      export const from = 'text';
      export const star = '*/*', text = "import('text') /* no comment", url = 'http://host/'; import.meta.url;
      export function important() { return import('o'); }
    `);
    expect(importsIn(code).toSorted()).to.deep.equal(
      [...'abcdfghjkklo'.split(''), './e.js', '@i/i', computed, computed, 'text'].toSorted(),
    );
  });
});

/** The folder of the table that the file is in; 'src' for the composition root. */
function roomOf(path: string): string {
  const folders = posix.dirname(path).split('/');
  return folders.slice(0, folders[1] === 'adapters' ? 3 : 2).join('/');
}

function codeOf(path: string): string {
  return files.find((file) => file.path === path)?.code ?? '';
}

function mayImport(path: string, specifier: string): boolean {
  const target = specifier.startsWith('.')
    ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
    : specifier;
  const room = roomOf(path);
  if (room !== 'src') return [room, ...(rooms[room] ?? [])].some((granted) => isWithin(target, granted));
  const isOurs = !specifier.startsWith('.') || isWithin(target, 'src');
  return isOurs && (path === containerFile || !isWithin(target, container));
}

/** Whether the target is what was granted, or lies inside. */
function isWithin(target: string, granted: string): boolean {
  if (granted === 'node:*') return target.startsWith('node:');
  return target === granted || target.startsWith(`${granted}/`);
}

function importsIn(code: string): string[] {
  const declared = /^\s*(?:import|export)\b(?:[^'"`;()=]*\bfrom)?\s*(?:'([^']+)'|"([^"]+)")/gm;
  const called = /\b(?:import|require)\s*\((?:\s*(?:'([^']+)'|"([^"]+)")\s*\))?/g;
  return [
    ...Array.from(code.matchAll(declared), ([, single, double]) => single ?? double ?? computed),
    ...Array.from(code.matchAll(called), ([, single, double]) => single ?? double ?? computed),
  ];
}

/** Leaves what looks like a comment inside a text alone. */
function withoutComments(code: string): string {
  const textOrComment =
    /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return code.replaceAll(textOrComment, (_, text: string | undefined) => text ?? '');
}

function sentence(room: string): string {
  const granted = rooms[room];
  return granted
    ? `nothing but ${['itself', ...granted].join(', ')}`
    : `anything, but ${container} only in ${containerFile}`;
}

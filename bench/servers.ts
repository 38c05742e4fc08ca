import { havePythonModules, haveProgram, systemPython } from './debian-packages.js';
import { inProject, startFlags } from './project.js';

/** How to start one of the servers that are compared. */
export interface ServerKind {
  readonly name: string;
  readonly what: string;
  readonly storage: 'redis' | 'memory';
  /** Whether the users are in a database of the server's own, whatever the storage. */
  readonly hasOwnUsers?: boolean;
  /** `port` is where it must listen. */
  command(port: number): readonly [program: string, ...args: string[]];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the program is run; the project's own folder if undefined. */
  readonly workingDirectory?: string;
  /** A command to be run once before the server, in the same environment. */
  readonly prepare?: readonly [program: string, ...args: string[]];
  /** Installs what is missing; returns whether the server can be started. */
  isAvailable?(): boolean;
}

function hexado(name: string, what: string, environment: Record<string, string>): ServerKind {
  return {
    name,
    what,
    storage: environment['STORAGE'] === 'memory' ? 'memory' : 'redis',
    command: () => [process.execPath, ...startFlags(), inProject('dist/src/main.js')],
    environment: {
      STORAGE: 'redis',
      HOST: '127.0.0.1',
      BCRYPT_COST: '4',
      ACCESS_TOKEN_LIFETIME: '1d',
      // All users come from one address.
      THROTTLE_SIGN_IN: 'off',
      THROTTLE_REGISTER: 'off',
      THROTTLE_REFRESH: 'off',
      ...environment,
    },
  };
}

function peer(
  name: string,
  what: string,
  { storage = 'redis', flags = [] }: { storage?: ServerKind['storage']; flags?: readonly string[] } = {},
): ServerKind {
  const program = inProject(`dist/bench/peers/${name}.js`);
  return { name, what, storage, command: () => [process.execPath, ...flags, program] };
}

const django: ServerKind = {
  name: 'django',
  what: 'Django REST Framework and Simple JWT, two gunicorn workers',
  storage: 'redis',
  hasOwnUsers: true,
  command: (port) => ['gunicorn', '--workers', '2', '--bind', `127.0.0.1:${port}`, 'wsgi'],
  environment: { DJANGO_SETTINGS_MODULE: 'settings', PYTHONPATH: '.', PYTHONDONTWRITEBYTECODE: '1' },
  workingDirectory: inProject('bench/peers/django'),
  prepare: [systemPython, '-m', 'django', 'migrate', '--verbosity', '0'],
  isAvailable() {
    const modules = ['django', 'rest_framework', 'rest_framework_simplejwt', 'redis'];
    const packages = ['django', 'djangorestframework', 'djangorestframework-simplejwt', 'redis'];
    return (
      havePythonModules(
        modules,
        packages.map((name) => `python3-${name}`),
      ) && haveProgram('gunicorn', ['--version'], ['gunicorn'])
    );
  },
};

/** All that can be compared. Hexado comes as shipped, with and without its access log. */
export const serverKinds: readonly ServerKind[] = [
  hexado('hexado', 'Hexado, access log off', { LOG_LEVEL: 'warn' }),
  hexado('hexado-log', 'Hexado, access log to a file', { LOG_LEVEL: 'info' }),
  hexado('hexado-workers', 'Hexado, two workers, access log off', { LOG_LEVEL: 'warn', WORKERS: '2' }),
  peer('fastify', 'Fastify, @fastify/jwt, a hash per task'),
  peer('fastify-max', "Fastify on Hexado's own storage", { flags: ['--max-semi-space-size=32'] }),
  peer('bare', 'node:http by hand, one round trip to Redis'),
  django,
  hexado('hexado-memory', 'Hexado in memory', { LOG_LEVEL: 'warn', STORAGE: 'memory' }),
  peer('map', 'node:http and a Map', { storage: 'memory' }),
];

/** Throws if there is none of this name. */
export function serverKind(name: string): ServerKind {
  const kind = serverKinds.find((each) => each.name === name);
  if (!kind) throw new Error(`There is no server ${name}.`);
  return kind;
}

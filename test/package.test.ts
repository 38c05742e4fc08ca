import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { runCommand } from './support/server-process.js';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string>>;
};

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
}
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

/** Licences that ask for no more than to be named. */
const allowedLicences = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];

describe('the package', () => {
  let files: string[];
  before(async () => {
    // Without its scripts: the build would take away what is being tested.
    const { stdout } = await runCommand(['npm', 'pack', '--dry-run', '--ignore-scripts', '--json']);
    const [packed] = Object.values(JSON.parse(stdout) as object) as { files: { path: string }[] }[];
    files = packed?.files.map(({ path }) => path) ?? [];
  });

  it('holds the command, what can be imported with its types, the page and the licence', () => {
    expect(files).to.include.members([
      ...Object.values(manifest.bin),
      ...Object.values(manifest.exports).map((file) => file.replace('./', '')),
      'dist/src/main.js',
      'dist/src/embed.d.ts',
      'dist/src/storage.d.ts',
      'dist/src/storage-contract/storage-contract.d.ts',
      'dist/src/adapters/crypto/hashing-worker.js',
      'dist/web/index.html',
      'dist/web/docs/LICENSE',
      'LICENSE',
      'SECURITY.md',
    ]);
  });

  it('holds no tests, no source maps and nothing of the machine it was made on', () => {
    const unwanted =
      /(?<!storage-con)test|bench|\.map$|tsbuildinfo|node_modules|keys\.json|\.env$|^src\/|^web\/|^\.(?!env\.example$)/;
    expect(files).to.have.length.greaterThan(100);
    expect(files.filter((path) => unwanted.test(path))).to.deep.equal([]);
  });

  it('has the version of the first heading of the changelog and of the lock file', () => {
    const [, newest] = /^## (\S+)/m.exec(readFileSync('CHANGELOG.md', 'utf8')) ?? [];
    expect(newest).to.equal(manifest.version);
    expect(lock.packages['']?.version).to.equal(manifest.version);
  });

  it('depends at run time on packages with permissive licences only', () => {
    const installed = Object.entries(lock.packages).filter(
      ([path, { dev }]) => path !== '' && !dev && existsSync(path),
    );
    const refused = installed
      .map(([path]) => ({ path, licence: licenceOf(path) }))
      .filter(({ licence }) => !allowedLicences.includes(licence));
    expect(installed).to.have.length.greaterThan(50);
    expect(refused).to.deep.equal([]);
  });
});

/** The licence that an installed package names; of several to choose from, the first. */
function licenceOf(path: string): string {
  const { license } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8')) as { license?: string };
  return license?.replace(/^\((\S+) OR .*\)$/, '$1') ?? 'none';
}

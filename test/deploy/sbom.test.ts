import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCommand } from '../support/server-process.js';

interface Component {
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly licenses?: readonly unknown[];
  readonly components?: readonly Component[];
}

const withNested = (components: readonly Component[] = []): Component[] =>
  components.flatMap((each) => [each, ...withNested(each.components)]);

describe('npm run sbom', () => {
  it('lists all production dependencies with their licences, and nothing else', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hexado-sbom-'));
    const file = join(directory, 'hexado.cdx.json');
    const { code } = await runCommand(['npm', 'run', '--silent', 'sbom', '--', '--output-file', file]);
    expect(code).to.equal(0);
    const sbom = JSON.parse(readFileSync(file, 'utf8')) as { bomFormat: string; components: Component[] };
    rmSync(directory, { recursive: true });

    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { readonly version: string; readonly dev?: boolean }>;
    };
    const locked = Object.entries(lock.packages)
      .filter(([path, { dev }]) => path !== '' && !dev)
      .map(([path, { version }]) => `${path.replace(/^.*node_modules\//, '')}@${version}`);
    const listed = withNested(sbom.components);
    const names = listed.map(({ group, name, version }) => `${group ? `${group}/` : ''}${name}@${version}`);
    expect(sbom.bomFormat).to.equal('CycloneDX');
    expect([...new Set(names)].toSorted()).to.deep.equal([...new Set(locked)].toSorted());
    expect(listed.filter(({ licenses }) => !licenses?.length)).to.deep.equal([]);
  });
});

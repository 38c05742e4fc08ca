import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { run, runCommand } from './support/server-process.js';

const documents = ['.', 'docs', 'bench'].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
);

/** The lines of a document that stand in no block, and the blocks with their language and section. */
function parse(document: string) {
  const prose: string[] = [];
  const blocks: { readonly language: string; readonly section: string }[] = [];
  let section = '';
  let isInBlock = false;
  for (const line of readFileSync(document, 'utf8').split('\n')) {
    const [, language] = /^ *```(.*)$/.exec(line) ?? [];
    if (language !== undefined) {
      isInBlock = !isInBlock;
      if (isInBlock) blocks.push({ language, section });
    } else if (!isInBlock) {
      section = /^#+ (.+)$/.exec(line)?.[1] ?? section;
      prose.push(line);
    }
  }
  return { prose: prose.join('\n'), blocks };
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(document: string): string[] {
  const headings = parse(document).prose.match(/^#+ .+$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe('the documents', () => {
  it('have only sh blocks that CI runs', () => {
    const ci = readFileSync('.ci/run', 'utf8');
    const rehearsed = ['docs/moving-from-django.md']; // By test/django.
    const blocks = documents.flatMap((document) =>
      parse(document)
        .blocks.filter(({ language }) => language === 'sh')
        .map(({ section }) => ({ document, section })),
    );
    expect(blocks).to.have.length.greaterThan(10);
    const forgotten = blocks.filter(
      ({ document, section }) =>
        !rehearsed.includes(document) &&
        !ci.includes(`$(commands ${document})`) &&
        !ci.includes(`$(commands ${document} '${section}')`),
    );
    expect(forgotten).to.deep.equal([]);
  });

  it('link to files and headings that exist', () => {
    const broken: string[] = [];
    let count = 0;
    for (const document of documents) {
      for (const [, path = '', anchor] of parse(document).prose.matchAll(
        /\]\((?!\w+:)([^)#]*)#?([^)]*)\)/g,
      )) {
        count++;
        const target = path === '' ? document : join(dirname(document), path);
        const isThere = existsSync(target) && (!anchor || anchorsOf(target).includes(anchor));
        if (!isThere) broken.push(`${document}: ${path}#${anchor}`);
      }
    }
    expect(count).to.be.greaterThan(30);
    expect(broken).to.deep.equal([]);
  });

  it('have the sections of docs/api.md that the code cites', () => {
    const api = readFileSync('docs/api.md', 'utf8');
    const code = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join('src', file), 'utf8'))
      .join('\n');
    const cited = [...code.matchAll(/docs\/api\.md, sections? (\d[\d., and]*\d|\d)/g)].flatMap(
      ([, numbers = '']) => numbers.split(/, | and /),
    );
    expect(cited).to.include('6');
    for (const number of cited) {
      const [chapter, item] = number.split('.');
      const text = api.split(/^## /m).find((each) => each.startsWith(`${chapter}. `));
      expect(text, number).to.match(item === undefined ? /./ : new RegExp(`^${item}\\. `, 'm'));
    }
  });

  it('list the settings of src/config/variables.ts', async () => {
    const { code, stderr } = await runCommand([process.execPath, 'scripts/write-docs.js', '--check']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });

  it('begin with a README of one screen', () => {
    expect(readFileSync('README.md', 'utf8').split('\n')).to.have.length.at.most(131);
  });
});

describe('the storage of docs/storage-authors.md', () => {
  it('is a storage, whose report names the promises that it keeps and what is not written yet', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hexado-example-'));
    const [, example = ''] = /```js\n(.*?)```/s.exec(readFileSync('docs/storage-authors.md', 'utf8')) ?? [];
    expect(example.split('\n')).to.have.length.below(50);
    // It is no part of this package here, and finds it by its path.
    const kit = pathToFileURL(resolve('dist/src/storage.js')).href;
    writeFileSync(join(directory, 'my-storage.mjs'), example.replace("'hexado/storage'", `'${kit}'`));
    const { code, stdout, stderr } = await run(['storage', 'check', './my-storage.mjs'], { directory });
    rmSync(directory, { recursive: true });
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' });
    expect(stdout)
      .to.match(/^users +[1-9]\d* of \d+$/m)
      .and.match(/^sessions +0 of \d+$/m)
      .and.match(/^ +StorageUnavailable: users\.findByName is not written yet$/m);
  });
});

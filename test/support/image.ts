import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runCommand } from './server-process.js';

interface Stage {
  /** The folder that stands for its root. */
  readonly root: string;
  readonly base: string;
  directory: string;
  readonly environment: Record<string, string>;
  user: string;
  entrypoint: readonly string[];
  healthcheck: readonly string[];
}

/** What a Dockerfile makes, without containers: each stage is a folder, and its commands run in it, on this machine. */
export async function buildImage(dockerfile: string, context: string, directory: string): Promise<Stage> {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  const current = () => {
    if (!stage) throw new Error('FROM must come first.');
    return stage;
  };
  const inStage = ({ root, directory: folder }: Stage, path: string) =>
    join(root, path.startsWith('/') ? path : join(folder, path));

  for (const [word, rest] of instructions(readFileSync(dockerfile, 'utf8'))) {
    if (word === 'FROM') {
      const [base = '', , name = 'last'] = rest.split(' ');
      const root = join(directory, name);
      stage = { root, base, directory: '/', environment: {}, user: 'root', entrypoint: [], healthcheck: [] };
      stages.set(name, stage);
    } else if (word === 'WORKDIR') {
      current().directory = rest;
      mkdirSync(inStage(current(), '.'), { recursive: true });
    } else if (word === 'COPY') {
      const from = /^--from=(\S+) /.exec(rest)?.[1];
      const paths = rest.replace(/^--from=\S+ /, '').split(' ');
      const target = inStage(current(), paths.pop() ?? '');
      const source = from === undefined ? undefined : stages.get(from);
      for (const path of paths) copy(source ? inStage(source, path) : join(context, path), target, !source);
    } else if (word === 'RUN') {
      const ended = await runCommand(['sh', '-ec', rest], { directory: inStage(current(), '.') });
      if (ended.code !== 0) throw new Error(`${rest}: ${ended.stdout}${ended.stderr}`);
    } else if (word === 'ENV') {
      for (const pair of rest.split(' ')) {
        const [name = '', value = ''] = pair.split('=');
        const path = value
          .replace('$PATH', process.env['PATH'] ?? '')
          .replace('/app', join(current().root, 'app'));
        current().environment[name] = path;
      }
    } else if (word === 'USER') current().user = rest;
    else if (word === 'ENTRYPOINT') current().entrypoint = JSON.parse(rest) as string[];
    else if (word === 'HEALTHCHECK')
      current().healthcheck = JSON.parse(rest.replace(/^.*?CMD /, '')) as string[];
    else if (word !== 'EXPOSE') throw new Error(`Unknown instruction ${word}.`);
  }
  return current();

  function copy(source: string, target: string, isFromContext: boolean): void {
    const isIgnored = isFromContext ? ignored(context) : () => false;
    const isFolder = existsSync(source) && statSync(source).isDirectory();
    const to = isFolder ? target : join(target, relative(join(source, '..'), source));
    cpSync(source, to, { recursive: true, filter: (path) => !isIgnored(relative(context, path)) });
  }
}

/** The instructions of a Dockerfile, each with its arguments on one line. */
function instructions(text: string): (readonly [word: string, rest: string])[] {
  return text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)]);
}

/** Whether a .dockerignore keeps a path out. The last pattern that fits a path or a folder above it counts. */
function ignored(context: string): (path: string) => boolean {
  const patterns = readFileSync(join(context, '.dockerignore'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const pattern = line.replace('!', '').replaceAll('.', '\\.').replaceAll('**/', '(?:.*/)?');
      return {
        excludes: !line.startsWith('!'),
        fits: new RegExp(`^${pattern.replaceAll(/(?<!\.)\*/g, '[^/]*')}(?:/|$)`),
      };
    });
  return (path) => patterns.findLast(({ fits }) => fits.test(path))?.excludes ?? false;
}

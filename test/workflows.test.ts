import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Job {
  readonly needs?: string;
  readonly uses?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly string[]>> };
  readonly steps?: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const read = (name: string) => parse(readFileSync(`.github/${name}.yml`, 'utf8')) as unknown;
const ci = read('workflows/ci') as Workflow;
const release = read('workflows/release') as Workflow;
const jobs = [...Object.values(ci.jobs), ...Object.values(release.jobs)];
const steps = jobs.flatMap((job) => job.steps ?? []);
const ciRun = readFileSync('.ci/run', 'utf8');
const { scripts, engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
};

/** The commands of a job, in their order. */
const commandsOf = (job: Job | undefined) => job?.steps?.flatMap(({ run = [] }) => run) ?? [];

describe('the workflows of GitHub', () => {
  it('run every suite that .ci/run runs', () => {
    const suites = [...ciRun.matchAll(/^twice npm run (\S+)$/gm)].map(([, suite]) => suite);
    expect(suites).to.include.members(['check', 'test:deploy']);
    expect(ci.jobs['suites']?.strategy?.matrix['suite']).to.have.members(suites);
    expect(commandsOf(ci.jobs['everything'])).to.include('.ci/run');
  });

  it('run the tests on the versions of Node that .ci/run has, from the oldest that is supported', () => {
    const others = /for version in (.*); do/.exec(ciRun)?.[1]?.split(' ') ?? [];
    const oldest = /^\^(\d+\.\d+)/.exec(engines.node)?.[1];
    const expected = [oldest, ...others.map((version) => version.split('.')[0])];
    expect(ci.jobs['tests']?.strategy?.matrix['node']).to.deep.equal(expected);
  });

  it('run only scripts that exist', () => {
    const names = steps.flatMap(({ run = '' }) => /^npm run ([\w:]+)$/.exec(run)?.[1] ?? []);
    const files = steps.flatMap(({ run = '' }) => /^(?:node )?(\S+\/\S+)$/.exec(run)?.[1] ?? []);
    expect(names).to.include('sbom');
    expect(Object.keys(scripts)).to.include.members(names);
    expect([...files, 'deploy/Dockerfile'].filter((path) => !existsSync(path))).to.deep.equal([]);
  });

  it('pin every action to a commit, and leave no credentials in the checkout', () => {
    const uses = steps.filter((step) => step.uses !== undefined);
    expect(uses).to.have.length.greaterThan(5);
    for (const step of uses) {
      expect(step.uses).to.match(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
      if (step.uses?.startsWith('actions/checkout')) {
        expect(step).to.have.nested.property('with.persist-credentials', false);
      }
    }
  });

  it('may write nothing, but for the jobs that publish, and know no secret', () => {
    expect([ci.permissions, release.permissions]).to.deep.equal([{ contents: 'read' }, { contents: 'read' }]);
    const writing = Object.entries({ ...ci.jobs, ...release.jobs }).filter(([, job]) => job.permissions);
    expect(writing.map(([name]) => name)).to.deep.equal(['package', 'image']);
    expect(JSON.stringify([ci, release])).to.not.include('secrets.');
  });

  it('release by a tag, after all checks, with provenance and with the list of what is inside', () => {
    expect(release.on).to.deep.equal({ push: { tags: ['v*'] } });
    expect(release.jobs['checks']?.uses).to.equal('./.github/workflows/ci.yml');
    expect(ci.on).to.have.property('workflow_call');
    expect([release.jobs['package']?.needs, release.jobs['image']?.needs]).to.deep.equal([
      'checks',
      'checks',
    ]);

    const commands = commandsOf(release.jobs['package']);
    const publish = commands.findIndex((command) => /^npm publish .* --provenance /.test(command));
    expect(commands.slice(0, publish)).to.include.members([
      'npm audit signatures',
      'npm run sbom',
      'npm pack',
    ]);
    const sbom = /--output-file (\S+)/.exec(scripts['sbom'] ?? '')?.[1] ?? 'none';
    expect(commands.at(-1)).to.include(` ${sbom} `);
    expect(release.jobs['package']?.permissions).to.have.property('id-token', 'write');
    expect(commandsOf(release.jobs['image']).at(-1)).to.match(/--file deploy\/Dockerfile .*--sbom=true/);
  });

  it('keep packages, actions and the base of the image up to date', () => {
    const { updates } = read('dependabot') as { updates: { readonly ['package-ecosystem']: string }[] };
    const kinds = updates.map((update) => update['package-ecosystem']);
    expect(kinds).to.deep.equal(['npm', 'docker', 'github-actions']);
  });
});

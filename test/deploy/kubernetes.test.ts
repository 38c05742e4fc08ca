import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { variables } from '../../src/config/variables.js';

const folder = 'deploy/kubernetes';

interface Rule {
  readonly ports: readonly { readonly port: number }[];
}
type Model = new (data: unknown) => { validate(): void };

/** The schema of a kind. Its own types do not compile with the compiler options of this project. */
function modelOf(kind: string, group: string): Model {
  const models = createRequire(import.meta.url)(`kubernetes-models/${group}`) as Record<string, Model>;
  return models[kind] as Model;
}

/** Reads a file as Kubernetes does, for which 0400 is octal, and holds it to Kubernetes' own schema. */
function read(kind: string, group: string, file: string) {
  const document = parse(readFileSync(join(folder, file), 'utf8'), { version: '1.1' });
  new (modelOf(kind, group))(document).validate();
  return document;
}

describe('deploy/kubernetes', () => {
  const deployment = read('Deployment', 'apps/v1', 'deployment.yaml');
  const config = read('ConfigMap', 'v1', 'config.yaml');
  const service = read('Service', 'v1', 'service.yaml');
  const budget = read('PodDisruptionBudget', 'policy/v1', 'pod-disruption-budget.yaml');
  const policy = read('NetworkPolicy', 'networking.k8s.io/v1', 'network-policy.yaml');
  const pod = deployment.spec.template.spec;
  const container = pod.containers[0];
  const ports = container.ports.map(({ containerPort }: { containerPort: number }) => String(containerPort));

  it('has no file but those that are held to the schemas of Kubernetes', () => {
    expect(readdirSync(folder).toSorted()).to.deep.equal([
      'config.yaml',
      'deployment.yaml',
      'network-policy.yaml',
      'pod-disruption-budget.yaml',
      'service.yaml',
    ]);
    expect(() => new (modelOf('Deployment', 'apps/v1'))({ spec: { replicas: 'two' } }).validate()).to.throw(
      'integer',
    );
  });

  it('sets settings that exist, none of them a secret', () => {
    const names = Object.keys(config.data);
    expect(Object.keys(variables)).to.include.members(names);
    expect(names.filter((name) => /(?:KEYS?|PASSWORD)$/.test(name))).to.deep.equal([]);
    expect(container.envFrom).to.deep.equal([{ configMapRef: { name: config.metadata.name } }]);
  });

  it('runs the version of the package on the port that is the default', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    expect(container.image).to.equal(`hexado:${version}`);
    expect(ports).to.deep.equal([variables.PORT.default, config.data.METRICS_PORT]);
    expect(
      policy.spec.ingress.flatMap((rule: Rule) => rule.ports.map(({ port }) => String(port))),
    ).to.deep.equal(ports);
    expect(service.spec.ports[0].targetPort).to.equal('http');
  });

  it('selects the same pods everywhere', () => {
    const labels = deployment.spec.template.metadata.labels;
    expect([
      deployment.spec.selector.matchLabels,
      service.spec.selector,
      budget.spec.selector.matchLabels,
      policy.spec.podSelector.matchLabels,
    ]).to.deep.equal([labels, labels, labels, labels]);
  });

  it('asks /livez whether to restart a pod, and /readyz whether to send it requests', () => {
    const paths = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    expect(paths.map((probe) => probe.httpGet.path)).to.deep.equal(['/livez', '/livez', '/readyz']);
  });

  it('reads secrets from files that only the server may read', () => {
    const [mount] = container.volumeMounts;
    const paths = Object.entries(config.data).filter(([name]) => name.endsWith('_FILE'));
    expect(paths).to.have.length(2);
    for (const [, path] of paths) expect(path).to.match(new RegExp(`^${mount.mountPath}/`));
    expect(pod.volumes[0].secret.defaultMode).to.equal(0o400);
    // Without it they would be root's alone.
    expect(pod.securityContext.fsGroup).to.equal(pod.securityContext.runAsGroup);
  });

  it('runs without root, capabilities, writable files, a token, or settings from other services', () => {
    expect(pod).to.include({ enableServiceLinks: false, automountServiceAccountToken: false });
    expect(pod.securityContext).to.include({ runAsNonRoot: true, runAsUser: 1000 });
    expect(readFileSync('deploy/Dockerfile', 'utf8')).to.include('\nUSER 1000:1000\n');
    expect(container.securityContext).to.deep.equal({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('leaves time for preStop and for a graceful shutdown, and keeps all replicas during an update', () => {
    const delay = Number(container.lifecycle.preStop.exec.command[1]);
    expect(pod.terminationGracePeriodSeconds).to.be.greaterThan(delay + 11);
    expect(deployment.spec.strategy.rollingUpdate.maxUnavailable).to.equal(0);
    expect(budget.spec.maxUnavailable).to.equal(1);
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { RedisServer } from '../support/redis-server.js';
import { scrape } from '../support/scrape.js';
import { startServerOnRedis } from '../support/server-on-redis.js';
import { runCommand } from '../support/server-process.js';
import { stopAfterEach } from '../support/stop-after-each.js';
import { waitFor } from '../support/wait-for.js';

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

interface AlertTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts: readonly unknown[];
    }[];
  }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

const rules = (parse(readFileSync('deploy/alerts.yaml', 'utf8')) as Alerts).groups.flatMap(
  (group) => group.rules,
);
const dashboard = JSON.parse(readFileSync('deploy/grafana.json', 'utf8')) as Dashboard;
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** The names of the metrics in expressions of ours; `up` is Prometheus' own. */
function metricsIn(expressions: readonly string[]): Set<string> {
  const names = expressions.flatMap((each) => each.match(/\b(?:hexado|http|nodejs|process)_\w+/g) ?? []);
  return new Set(names);
}

describe('deploy/alerts.yaml', () => {
  it('has valid rules, each of which fires when it should and only then', async () => {
    const check = await runCommand(['promtool', 'check', 'rules', 'deploy/alerts.yaml']);
    expect(check.code, check.stderr + check.stdout).to.equal(0);
    const test = await runCommand(['promtool', 'test', 'rules', 'deploy/alerts.test.yaml']);
    expect(test.code, test.stderr + test.stdout).to.equal(0);
    const { tests } = parse(readFileSync('deploy/alerts.test.yaml', 'utf8')) as AlertTests;
    const cases = tests.flatMap((each) => each.alert_rule_test);
    for (const fires of [true, false]) {
      const tested = cases.filter(({ exp_alerts }) => exp_alerts.length > 0 === fires);
      expect([...new Set(tested.map(({ alertname }) => alertname))]).to.have.members(
        rules.map(({ alert }) => alert),
      );
    }
  });
});

describe('deploy/grafana.json', () => {
  it('has queries that Prometheus can parse', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hexado-queries-'));
    const file = join(directory, 'queries.json');
    const recorded = queries.map((expr, index) => ({
      record: `query_${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules: recorded }] }));
    const { code, stdout, stderr } = await runCommand(['promtool', 'check', 'rules', file]);
    rmSync(directory, { recursive: true });
    expect(code, stderr + stdout).to.equal(0);
  });

  it('lets its user choose the data source, and has panels that do not overlap', () => {
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).to.deep.equal([
      ['datasource', 'datasource'],
      ['job', 'query'],
      ['instance', 'query'],
    ]);
    const taken = new Set<string>();
    for (const { type, title, gridPos, datasource, targets = [] } of dashboard.panels) {
      const sources = [datasource, ...targets.map((each) => each.datasource)].map((each) => each?.uid);
      if (type !== 'row') expect(new Set(sources), title).to.deep.equal(new Set(['${datasource}']));
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(x).to.be.below(24);
          expect(taken.has(`${x},${y}`), title).to.equal(false);
          taken.add(`${x},${y}`);
        }
      }
    }
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });
});

describe('every metric of the dashboard, the alerts and docs/operations.md', () => {
  const stopped = stopAfterEach();
  const named = metricsIn([...queries, ...rules.map(({ expr }) => expr)]);

  for (const workers of ['1', '2']) {
    it(`is in the output of a server on Redis with ${workers === '1' ? 'one worker' : 'two workers'}`, async () => {
      const redis = stopped(await RedisServer.start());
      const server = await startServerOnRedis(redis.url, stopped, { WORKERS: workers, METRICS_PORT: '0' });
      // The collector's are there only once it has run.
      const present = await waitFor(
        'a garbage collection',
        async () => {
          await server.registerAndSignIn();
          const names = new Set((await scrape(server)).samples.map(({ name }) => name));
          return names.has('nodejs_gc_duration_seconds_sum') && names;
        },
        { timeout: 60_000 },
      );
      expect(named.size).to.be.above(20);
      expect([...named].filter((name) => !present.has(name))).to.deep.equal([]);

      const ours = [...present].filter((name) => /^(?:hexado|http)_/.test(name)).map(withoutSuffix);
      const table = readFileSync('docs/operations.md', 'utf8').matchAll(/^\| `((?:hexado|http)_\w+)`/gm);
      const documented = new Set(Array.from(table, ([, name]) => name));
      documented.delete('hexado_storage_call_duration_seconds'); // Of a storage module only.
      expect([...new Set(ours)]).to.have.members([...documented]);
    });
  }
});

/** A histogram has samples of three names. */
function withoutSuffix(name: string): string {
  return name.replace(/_(?:bucket|sum|count)$/, '');
}

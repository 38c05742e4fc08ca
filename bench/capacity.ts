// Prints what it takes to serve ten thousand, a million and a hundred million users, by what the benchmark measured.
import { readFigures, type Figures } from './capacity/figures.js';
import {
  assumptions,
  bytesPerUser,
  capacityFor,
  limits,
  requestsPerSecondOn,
  type Capacity,
  type Limit,
} from './capacity/model.js';
import { simulate, type Balance } from './capacity/slots.js';
import { figure, table } from './table.js';

const sizes = [10_000, 1_000_000, 100_000_000];
const machines = [1, 2, 4, 8, 16];

/** The most that one user may send, as a multiple of the mean: 50 requests per second. */
const limitPerUser = (50 * 60) / assumptions.requestsPerUserPerMinute;

/** The whole report as text. */
export function capacityReport(): string {
  const figures = readFigures();
  const all = limits(figures);
  return [
    `From ${figures.sources.join(', ')}:`,
    figuresTable(figures),
    'Assumed:',
    table(
      ['assumption', 'value'],
      Object.entries(assumptions).map(([name, value]) => [words(name), value.toLocaleString('en-US')]),
    ),
    '### What it takes at peak',
    sizesTable(figures),
    '### What breaks first, and what to do then',
    sizes.map((size) => breaksFirst(size, all)).join('\n'),
    limitsTable(all),
    '### What it costs',
    costsTable(figures),
    memoryTable(figures),
    '### Workers',
    workersTable(figures),
  ].join('\n\n');
}

function figuresTable(figures: Figures): string {
  const numbers = Object.entries(figures).filter(([, value]) => typeof value === 'number');
  const rows = numbers.map(([name, value]) => [
    words(name),
    Math.abs(value) >= 1 ? figure(value) : value.toFixed(4),
  ]);
  return table(['measured', 'value'], rows);
}

function breaksFirst(size: number, all: readonly Limit[]): string {
  const broken = all.filter(({ users }) => users < size);
  const [first] = all;
  if (broken.length > 0) {
    const needs = broken.map(({ what, users }) => `${what} (${figure(size / users)} needed)`);
    return `- **${round(size)} users**: one is not enough of: ${needs.join(', ')}.`;
  }
  if (!first) return '';
  const percent = Math.round((size / first.users) * 100);
  return `- **${round(size)} users**: nothing breaks; of ${first.what} one would do, at ${percent} % of what it can bear.`;
}

/** For each limit how many of what it limits each size needs: the largest number of a size is what breaks first. */
function limitsTable(all: readonly Limit[]): string {
  const rows = all.map(({ what, users, remedy }) => {
    const needed = sizes.map((size) => figure(size / users));
    return [what, round(users)].concat(needed, remedy);
  });
  const head = ['limit', 'one is enough for'].concat(sizes.map((size) => `${round(size)} need`));
  return table([...head, 'what to do then'], rows);
}

function sizesTable(figures: Figures): string {
  const columns = sizes.map((users) => {
    const capacity = capacityFor(users, figures);
    return { capacity, balance: simulate(users, capacity.shards, limitPerUser) };
  });
  const row = (name: string, cell: (capacity: Capacity, balance: Balance) => string) => [
    name,
    ...columns.map(({ capacity, balance }) => cell(capacity, balance)),
  ];
  return table(
    ['users', ...sizes.map(round)],
    [
      row('requests per second', (need) => round(need.requestsPerSecond)),
      row('sign-ins per second', (need) => figure(need.signInsPerSecond)),
      row('cores busy with requests', (need) => figure(need.coresForRequests)),
      row('cores busy with hashing passwords', (need) => figure(need.coresForSignIns)),
      row('cores busy in Redis', (need) => figure(need.coresOfRedis)),
      row('**cores for servers**', (need) => round(need.serverCores)),
      row('memory of server processes', (need) => gigabytes(need.bytesOfProcesses)),
      row('memory of a connection for each user', (need) => gigabytes(need.bytesOfConnections)),
      row('answers per second', (need) => gigabytes(need.bytesOfAnswersPerSecond)),
      row('data in Redis', (need) => gigabytes(need.bytesInRedis)),
      row('shards for its CPU · for its memory', (need) => `${need.shardsForCpu} · ${need.shardsForMemory}`),
      row('**Redis shards** · nodes with replicas', (need) => `${need.shards} · ${need.redisNodes}`),
      row('users on the fullest shard ÷ mean', (_need, balance) => figure(balance.usersOnFullestShard)),
      row('requests on the busiest shard ÷ mean, a fifth of users sending four fifths', (_need, balance) =>
        figure(balance.requestsOnBusiestShard),
      ),
      row('the same if nobody may send more than 50 per second', (_need, balance) =>
        figure(balance.requestsOnBusiestShardWithLimit),
      ),
      row('requests per second of the busiest user', (_need, balance) =>
        round((balance.requestsOfBusiestUser * assumptions.requestsPerUserPerMinute) / 60),
      ),
    ],
  );
}

/** Whatever the number of users, for all that is needed grows with it. */
function costsTable(figures: Figures): string {
  const { coresForRequests, coresForSignIns, coresOfRedis } = capacityFor(1_000_000, figures);
  const cores = {
    'answering requests': coresForRequests,
    'hashing passwords': coresForSignIns,
    Redis: coresOfRedis,
  };
  return shares('CPU', 'cores busy per million users', cores);
}

function memoryTable(figures: Figures): string {
  return shares('memory of Redis', 'bytes per user', bytesPerUser(figures));
}

function shares(of: string, unit: string, parts: Readonly<Record<string, number>>): string {
  const sum = Object.values(parts).reduce((total, part) => total + part, 0);
  const rows = Object.entries(parts).map(([name, part]) => [
    name,
    figure(part),
    `${Math.round((part / sum) * 100)} %`,
  ]);
  return table([of, unit, 'share'], rows);
}

function workersTable(figures: Figures): string {
  const rows = machines.map((cores) => [
    String(cores),
    round(requestsPerSecondOn(cores, figures, { redisElsewhere: false })),
    round(requestsPerSecondOn(cores, figures, { redisElsewhere: true })),
  ]);
  const head = ['cores, all of them busy', 'requests per second with Redis on them', 'with Redis elsewhere'];
  return table(head, rows);
}

function gigabytes(bytes: number): string {
  return `${figure(bytes / 2 ** 30)} GB`;
}

function round(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

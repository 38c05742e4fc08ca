import { compareReport } from './compare-report.js';
import { compare } from './compare.js';
import { haveProgram } from './debian-packages.js';
import { ratios } from './goals.js';
import { growReport } from './grow/grow-report.js';
import { grow } from './grow/grow.js';
import { Measurements } from './measurement.js';
import { readOptions, type Options } from './options.js';
import { writeResult } from './results.js';

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  ensureTools();
  await (options.command === 'compare' ? runCompare(options) : runGrow(options));
}

async function runCompare(options: Options): Promise<void> {
  const measurements = new Measurements(await compare(options));
  console.log(`\n${compareReport(measurements)}\n`);
  const { rounds, seconds, keep } = options;
  const { medians } = measurements;
  writeResult('compare.json', { rounds, seconds, medians, ratios: ratios(measurements) }, keep);
  if (medians.some(({ errors }) => errors > 0))
    throw new Error('Some requests failed: the figures are not good.');
}

async function runGrow({ growing, seconds, keep }: Options): Promise<void> {
  const growth = await grow(growing, seconds);
  console.log(`\n${growReport(growth)}\n`);
  writeResult('grow.json', { seconds, ...growth }, keep);
}

function ensureTools(): void {
  for (const program of ['wrk', 'redis-server']) {
    if (!haveProgram(program, ['--version'], [program])) throw new Error(`There is no ${program}.`);
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);

import { readFileSync } from 'node:fs';
import { plant, type Fault } from './fault.js';
import { inMemoryStorage } from './in-memory-faults.js';
import { postgresFaults } from './postgres-faults.js';

const planted: Readonly<Record<string, readonly [directory: URL | string, faults: readonly Fault[]]>> = {
  'the storage in memory': [inMemoryStorage.directory, inMemoryStorage.faults],
  'the storage in PostgreSQL': ['examples/postgres-storage/', postgresFaults],
};

describe('the faults that npm run test:mutants plants', () => {
  for (const [storage, [directory, faults]] of Object.entries(planted)) {
    it(`have their places in ${storage}`, () => {
      for (const fault of faults) {
        const path = directory instanceof URL ? new URL(fault.file, directory) : `${directory}${fault.file}`;
        plant(readFileSync(path, 'utf8'), fault);
      }
    });
  }
});

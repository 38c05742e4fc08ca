import { archiveFaults } from './in-memory/archive.js';
import { callersFaults } from './in-memory/callers.js';
import { attemptsFaults } from './in-memory/attempts.js';
import { sessionsFaults } from './in-memory/sessions.js';
import { staffFaults } from './in-memory/staff.js';
import { storageFaults } from './in-memory/storage.js';
import { tasksFaults } from './in-memory/tasks.js';
import { usersFaults } from './in-memory/users.js';
import type { FaultyStorage } from './try-fault.js';

/** The in-memory storage and the faults that are planted in it. */
export const inMemoryStorage: FaultyStorage = {
  name: 'in memory',
  directory: new URL('../../src/adapters/in-memory/', import.meta.url),
  copies: new URL('../../src/adapters/', import.meta.url),
  main: 'create-storage.js',
  faults: [
    ...usersFaults,
    ...sessionsFaults,
    ...tasksFaults,
    ...callersFaults,
    ...attemptsFaults,
    ...archiveFaults,
    ...staffFaults,
    ...storageFaults,
  ],
};

import type { Operator } from '../../src/application/record-act.js';
import type { Input } from '../../src/domain/input.js';
import type { RefreshGeneration, Session, SessionPolicy } from '../../src/domain/session.js';

/** What a client sends for a task that is in order. */
export function aTask(fields: Input = {}): Input {
  return { title: 'Buy milk', description: 'Two litres', ...fields };
}

/** Somebody whose acts must all be recorded. */
export const anOperator: Operator = {
  name: 'root',
  onUnrecorded(error) {
    throw error;
  },
};

/** The policy of a server that was configured with nothing else than this. */
export function aPolicy(changes: Partial<SessionPolicy> = {}): SessionPolicy {
  return {
    accessLifetime: 30 * 60,
    refreshLifetime: 24 * 60 * 60,
    sessionLifetime: 30 * 24 * 60 * 60,
    rotate: false,
    grace: 10,
    maxPerUser: 100,
    ...changes,
  };
}

export function aGeneration(changes: Partial<RefreshGeneration> = {}): RefreshGeneration {
  return { id: 'current', issuedAt: 1000, expiresAt: 2000, ...changes };
}

export function aSession(changes: Partial<Session> = {}): Session {
  return { id: 'session', userId: 1, openedAt: 1000, lastUsedAt: 1000, current: aGeneration(), ...changes };
}

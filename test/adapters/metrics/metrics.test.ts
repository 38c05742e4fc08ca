import { expect } from 'chai';
import { Metrics } from '../../../src/adapters/metrics/metrics.js';
import type { AppEvent } from '../../../src/application/ports/events.js';
import { Scrape } from '../../support/scrape.js';

const build = { version: '1.2.3', storage: 'redis', workers: 1, settings: ['PORT', 'STORAGE'] };
const address = '192.0.2.7';

describe('the metrics of a process', () => {
  let metrics: Metrics;
  beforeEach(() => {
    metrics = new Metrics(build);
  });
  const scrape = async () => new Scrape(await metrics.text());

  const counted: readonly (readonly [event: AppEvent, name: string, labels: Record<string, string>])[] = [
    [
      { event: 'sign_in_failed', address, username: 'ada', reason: 'wrong_password' },
      'hexado_sign_ins_total',
      { outcome: 'failure', reason: 'wrong_password' },
    ],
    [
      { event: 'session_opened', address, userId: 7, sessionId: 'a1' },
      'hexado_sign_ins_total',
      { outcome: 'success', reason: 'none' },
    ],
    [{ event: 'token_refreshed', userId: 7 }, 'hexado_refreshes_total', { outcome: 'success' }],
    [
      { event: 'refresh_token_reused', address, userId: 7, sessionId: 'a1' },
      'hexado_refreshes_total',
      { outcome: 'reused' },
    ],
    [
      { event: 'refresh_token_reused', address, userId: 7, sessionId: 'a1' },
      'hexado_refresh_reuse_total',
      {},
    ],
    [{ event: 'throttled', address, limit: 'refresh' }, 'hexado_refreshes_total', { outcome: 'throttled' }],
    [
      { event: 'sign_in_failed', address, username: 'ada', reason: 'throttled_sign_in_address' },
      'hexado_throttled_total',
      { limit: 'sign_in_address' },
    ],
    [{ event: 'throttled', address, limit: 'register' }, 'hexado_throttled_total', { limit: 'register' }],
    [{ event: 'user_registered', address, userId: 7 }, 'hexado_registrations_total', {}],
    [{ event: 'session_ended', userId: 7, by: 'logout' }, 'hexado_sessions_ended_total', { by: 'logout' }],
    [{ event: 'password_changed', userId: 7, by: 'link' }, 'hexado_password_changes_total', { by: 'link' }],
    [{ event: 'account_deleted', userId: 7, by: 'user' }, 'hexado_accounts_deleted_total', { by: 'user' }],
  ];
  for (const [event, name, labels] of counted) {
    it(`count ${event.event} in ${name}${JSON.stringify(labels)}`, async () => {
      expect((await scrape()).value(name, labels)).to.equal(0);
      metrics.countEvent(event);
      metrics.countEvent(event);
      expect((await scrape()).value(name, labels)).to.equal(2);
    });
  }

  it('never have a name, an id or an address of an event', async () => {
    for (const [event] of counted)
      metrics.countEvent({ ...event, address: 'canary', username: 'canary' } as AppEvent);
    metrics.countEvent({ event: 'keys_reread', keys: ['canary'] });
    metrics.countEvent({ event: 'operator_act', operator: 'canary', act: 'canary', subject: 'canary' });
    expect(await metrics.text()).not.to.contain('canary');
  });

  it('say what runs, with the names of the settings that were changed', async () => {
    const labels = {
      version: '1.2.3',
      node: process.version,
      storage: 'redis',
      workers: '1',
      settings: 'PORT,STORAGE',
    };
    expect((await scrape()).value('hexado_build_info', labels)).to.equal(1);
  });

  it('put what Redis may reply into few labels', async () => {
    const redis = metrics.observeRedis();
    const before = (await scrape()).samples.length;
    for (let i = 0; i < 10_000; i++) redis.failed(`ERR unknown ${i}`);
    redis.failed('OOM');
    const after = await scrape();
    expect(after.samples.length).to.equal(before);
    expect(after.value('hexado_redis_errors_total', { kind: 'other' })).to.equal(10_000);
    expect(after.value('hexado_redis_errors_total', { kind: 'OOM' })).to.equal(1);
  });

  it('read the parts at each scrape, and repeat their counts without adding them up', async () => {
    metrics.use({
      connections: () => 3,
      rejections: () => new Map([[408, 5]]),
      hashQueueLength: () => 4,
      logLinesLost: () => 6,
      health: async () => ({ isReady: true, degraded: { storage: false, log: true }, warnings: 2 }),
    });
    await scrape();
    const second = await scrape();
    const values = {
      connections: second.value('hexado_connections'),
      rejected: second.value('hexado_http_rejected_total', { status: '408' }),
      queue: second.value('hexado_hash_queue_length'),
      lost: second.value('hexado_log_lines_lost_total'),
      ready: second.value('hexado_ready'),
      storage: second.value('hexado_degraded', { part: 'storage' }),
      log: second.value('hexado_degraded', { part: 'log' }),
      warnings: second.value('hexado_storage_warnings'),
    };
    expect(values).to.deep.equal({
      connections: 3,
      rejected: 5,
      queue: 4,
      lost: 6,
      ready: 1,
      storage: 0,
      log: 1,
      warnings: 2,
    });
  });
});

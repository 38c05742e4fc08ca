import { faultsIn } from '../fault.js';

/** Faults that the contract of the storage itself must find. */
export const storageFaults = faultsIn('storage', 'create-storage.js', {
  'answers the health check with nothing': [
    'check: async () => ({ reasons: [], warnings: [] }),',
    'async check() {},',
  ],
  'answers the health check with another object': ['({ reasons: [], warnings: [] })', `({ status: 'ok' })`],
  'answers the health check with an empty reason': [
    '({ reasons: [], warnings: [] })',
    `({ reasons: [''], warnings: [] })`,
  ],
  'answers the health check with true': [
    'check: async () => ({ reasons: [], warnings: [] }),',
    'check: async () => true,',
  ],
  'forgets the warnings of the health check': ['({ reasons: [], warnings: [] })', '({ reasons: [] })'],
  'forgets the reasons of the health check': ['({ reasons: [], warnings: [] })', '({ warnings: [] })'],
  'answers the health check with a text': [
    '({ reasons: [], warnings: [] })',
    `({ reasons: '', warnings: [] })`,
  ],
  'answers the health check with numbers': [
    '({ reasons: [], warnings: [] })',
    '({ reasons: [], warnings: [1] })',
  ],
  'answers the health check with a word that is no sentence': [
    '({ reasons: [], warnings: [] })',
    `({ reasons: [], warnings: ['PONG'] })`,
  ],
  'says that something does not work': [
    '({ reasons: [], warnings: [] })',
    `({ reasons: ['The disk is full.'], warnings: [] })`,
  ],
  'cannot answer the health check': [
    'check: async () => ({ reasons: [], warnings: [] }),',
    `check: async () => { throw new Error('no health'); },`,
  ],
  'takes longer than a second for the health check': [
    'check: async () => ({ reasons: [], warnings: [] }),',
    'check: () => new Promise((resolve) => setTimeout(() => resolve({ reasons: [], warnings: [] }), 1500)),',
  ],
  'never answers the health check': [
    'check: async () => ({ reasons: [], warnings: [] }),',
    'check: () => new Promise(() => {}),',
  ],
  'finds a problem with itself': [
    'async close() { },',
    `async close() { }, inspect: async () => [{ level: 'problem', about: 'disk', message: 'It is full.' }],`,
  ],
  'inspects itself with nothing': ['async close() { },', 'async close() { }, async inspect() {},'],
  'inspects itself with texts': [
    'async close() { },',
    `async close() { }, inspect: async () => ['All is well.'],`,
  ],
  'inspects itself at a level that there is not': [
    'async close() { },',
    `async close() { }, inspect: async () => [{ level: 'info', about: 'disk', message: 'It is there.' }],`,
  ],
  'inspects itself about nothing': [
    'async close() { },',
    `async close() { }, inspect: async () => [{ level: 'ok', message: 'It is there.' }],`,
  ],
  'inspects itself without a sentence': [
    'async close() { },',
    `async close() { }, inspect: async () => [{ level: 'ok', about: 'disk', message: '' }],`,
  ],
  'takes longer than a second to inspect itself': [
    'async close() { },',
    'async close() { }, inspect: () => new Promise((resolve) => setTimeout(() => resolve([]), 1500)),',
  ],
  'cannot be closed': ['async close() { },', `async close() { throw new Error('still open'); },`],
  'is never closed': ['async close() { },', 'close: () => new Promise(() => {}),'],
  'has no archive': ['archive: new InMemoryArchive(users, tasks),', ''],
  'has no rate limiter': ['rateLimiter: new InMemoryRateLimiter(clock),', ''],
  'shares users between two storages': [
    'const accounts = new Map();',
    'const accounts = (globalThis.sharedAccounts ??= new Map());',
  ],
  'shares everything between two storages': [
    'export async function createStorage({ clock }) {',
    'let shared; export function createStorage(options) { return (shared ??= createOne(options)); } async function createOne({ clock }) {',
  ],
  'shares the rate limiter between two storages': [
    'rateLimiter: new InMemoryRateLimiter(clock),',
    'rateLimiter: (globalThis.sharedRateLimiter ??= new InMemoryRateLimiter(clock)),',
  ],
  'has a clock of its own': [
    'export async function createStorage({ clock }) {',
    'export async function createStorage() { const clock = () => Date.now() / 1000;',
  ],
  'counts the time in milliseconds': [
    'export async function createStorage({ clock }) {',
    'export async function createStorage(options) { const clock = () => options.clock() * 1000;',
  ],
  'counts the time in whole seconds': [
    'export async function createStorage({ clock }) {',
    'export async function createStorage(options) { const clock = () => Math.floor(options.clock());',
  ],
  'asks for the time when it is created': [
    'export async function createStorage({ clock }) {',
    'export async function createStorage(options) { const now = options.clock(); const clock = () => now;',
  ],
  'needs more than a second to be created': [
    'export async function createStorage({ clock }) {',
    'export async function createStorage({ clock }) { await new Promise((resolve) => setTimeout(resolve, 1500));',
    'a storage may take its time to be created',
  ],
});

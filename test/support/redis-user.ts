import { readFileSync } from 'node:fs';

/** The rules of the ACL that docs/operations.md gives the user of Redis, and the user of the Sentinels. */
export function documentedRules(): {
  readonly redis: readonly string[];
  readonly sentinel: readonly string[];
} {
  const operations = readFileSync('docs/operations.md', 'utf8');
  const [redis = [], sentinel = []] = [
    ...operations.matchAll(/^ACL SETUSER hexado on >PASSWORD (.+)$/gm),
  ].map(([, rules = '']) => rules.split(' '));
  return { redis, sentinel };
}

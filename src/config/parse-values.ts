import type { RateLimit } from '../domain/rate-limit.js';

/** Seconds in `90s`, `30m`, `12h` or `7d`, from `min` to `max`; undefined for anything else. Zero needs no unit. */
export function parseDuration(text: string, min: number, max = 100 * 365 * 86_400): number | undefined {
  const seconds = text === '0' ? 0 : parseWithUnit(text, { s: 1, m: 60, h: 3600, d: 86_400 });
  return seconds !== undefined && seconds >= min && seconds <= max ? seconds : undefined;
}

/** Bytes in `65536b`, `100kb`, `1mb` or `1gb`, from 1 kb to `max` bytes; undefined for anything else. */
export function parseSize(text: string, max: number): number | undefined {
  const bytes = parseWithUnit(text.toLowerCase(), { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 });
  return bytes !== undefined && bytes >= 1024 && bytes <= max ? bytes : undefined;
}

/** A whole number from `min` to `max`; undefined for anything else. */
export function parseWhole(text: string, min: number, max: number): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= min && value <= max ? value : undefined;
}

/** A rate limit: `off`, or a number of attempts per period, `10/5m`; undefined for anything else. */
export function parseRateLimit(text: string): RateLimit | 'off' | undefined {
  if (text === 'off') return text;
  const [number = '', duration = '', ...more] = text.split('/');
  const attempts = parseWhole(number, 1, 1_000_000);
  const period = parseDuration(duration, 1);
  return attempts === undefined || period === undefined || more.length > 0 ? undefined : { attempts, period };
}

/** `true` or `false`; undefined for anything else. */
export function parseBoolean(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

/** Whether `on`, as opposed to `off`; undefined for anything else. */
export function parseSwitch(text: string): boolean | undefined {
  return text === 'on' ? true : text === 'off' ? false : undefined;
}

/** Authentication schemes (tokens of RFC 9110) by comma; undefined for anything else. */
export function parseSchemes(text: string): readonly [string, ...string[]] | undefined {
  const [first = '', ...others] = text.split(',').map((scheme) => scheme.trim());
  const schemes = [first, ...others] as const;
  return schemes.every((scheme) => /^[\w!#$%&'*+.^`|~-]+$/.test(scheme)) ? [...schemes] : undefined;
}

function parseWithUnit(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, amount, unit = ''] = /^(\d+)([a-z]+)$/.exec(text) ?? [];
  const factor = units[unit];
  return factor === undefined ? undefined : Number(amount) * factor;
}

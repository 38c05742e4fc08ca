import * as fc from 'fast-check';
import { Rejected, type Body } from './api-model.js';
import type { Input } from './inputs.js';

/** A request's body as it is sent, and what it means. */
export interface RequestBody {
  readonly type: string;
  readonly text: string;
  readonly means: Body;
}

/** How fields are written down: as JSON, as a form where a form can hold them, or not at all. */
export type Writing = 'json' | 'form' | Unreadable;

interface Unreadable extends Pick<RequestBody, 'type' | 'text'> {
  readonly rejection: Rejected;
}

const json = 'application/json';

const rejected = (type: string, text: string, status: number, body: object): Unreadable => ({
  type,
  text,
  rejection: new Rejected(status, body),
});
const noDictionary = (text: string, kind: string): Unreadable =>
  rejected(json, text, 400, {
    non_field_errors: [`Invalid data. Expected a dictionary, but got ${kind}.`],
  });

const unreadable = [
  rejected(json, '{"title":', 400, { detail: 'JSON parse error - the body is not valid JSON' }),
  rejected(json, 'null', 400, { non_field_errors: ['No data provided'] }),
  rejected('text/plain', 'x', 415, { detail: 'Unsupported media type "text/plain" in request.' }),
  noDictionary('[{}]', 'list'),
  noDictionary('1', 'int'),
];

export const writing = fc.oneof<fc.WeightedArbitrary<Writing>[]>(
  { weight: 8, arbitrary: fc.constant('json') },
  { weight: 3, arbitrary: fc.constant('form') },
  { weight: 1, arbitrary: fc.constantFrom(...unreadable) },
);

export function write(fields: Readonly<Record<string, Input>>, how: Writing): RequestBody {
  if (typeof how === 'object') return { ...how, means: { unreadable: how.rejection } };
  const values = Object.entries(fields).flatMap(([name, { value }]) =>
    value === undefined ? [] : [[name, value]],
  );
  const fitInForm = values.every(([, value]) => typeof value === 'string' && !/\p{Surrogate}/u.test(value));
  if (how === 'form' && fitInForm) {
    const text = new URLSearchParams(values as [string, string][]).toString();
    return { type: 'application/x-www-form-urlencoded', text, means: { fields } };
  }
  return { type: json, text: JSON.stringify(Object.fromEntries(values)), means: { fields } };
}

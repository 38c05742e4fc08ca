import { expect } from 'chai';
import * as fc from 'fast-check';
import { parseJson } from '../../../src/adapters/http/request/parse-json.js';

/** Tokens whose sequences are often JSON, and often almost JSON. */
// prettier-ignore
const tokens = fc.constantFrom(
  '{', '}', '[', ']', ',', ':', ' ', '"', '\\', '\\"', '\n', '""', '"a"', '"\\\\"', '{"a":', '[[', ']]', '}]',
  '0', '-1', '1.5', '2e3,', '12345678901234567', '-98765432109876543210', '012345678901234567', '-',
  'true', 'null', '.', '+', '\ufeff', '"1234567890123456789"',
);
const nearlyJson = fc.array(tokens, { maxLength: 12 }).map((parts) => parts.join(''));

function resultOf(parse: (text: string) => unknown, text: string): { readonly value?: unknown } {
  try {
    return { value: parse(text) };
  } catch {
    return {};
  }
}

/** The value with large numbers rounded, so that exact and inexact ones compare as equal. */
function roughly(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) =>
    typeof part === 'string' && /^-?\d{17,}$/.test(part) ? Number(part) : part,
  );
}

describe('parseJson', () => {
  it('rejects what JSON.parse rejects, and otherwise returns the same value', () => {
    fc.assert(
      fc.property(nearlyJson, (text) => {
        const expected = resultOf(JSON.parse, text);
        const actual = resultOf(parseJson, text);
        expect('value' in actual).to.equal('value' in expected);
        if ('value' in expected) expect(roughly(actual.value)).to.deep.equal(roughly(expected.value));
      }),
      { numRuns: 20_000 },
    );
  });

  it('parses any JSON value, with whole numbers kept exactly', () => {
    const integers = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(integers), (value, numbers) => {
        const text = `{"value":${JSON.stringify(value)},"numbers":[${numbers.join(' , ')}]}`;
        const parsed = parseJson(text) as { value: unknown; numbers: unknown[] };
        expect(parsed.numbers.map(String)).to.deep.equal(numbers.map(String));
        expect(roughly(parsed.value)).to.deep.equal(roughly(value));
      }),
    );
  });

  it('rejects a number as the name of a member', () => {
    for (const text of ['{12345678901234567:1}', '{"a":1,12345678901234567 \n:1}'])
      expect(() => parseJson(text)).to.throw();
  });
});

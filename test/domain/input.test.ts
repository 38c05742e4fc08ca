import { expect } from 'chai';
import * as fc from 'fast-check';
import { validateAll, checkText, InvalidFields, lengthInCodePoints } from '../../src/domain/input.js';
import { rejectionOfCall } from '../support/rejection.js';

const trimmed = [
  range(0x09, 0x0d),
  range(0x1c, 0x1f),
  [0x20, 0x85, 0xa0, 0x1680],
  range(0x2000, 0x200a),
  [0x2028, 0x2029, 0x202f, 0x205f, 0x3000],
]
  .flat()
  .map((code) => String.fromCharCode(code));

const kept = ['\u200b', '\u2060', '\ufeff', '\u180e', '\x08', '\x0e', '\x1b', '\x7f', '\u200c', '\u200d'];

/** Any UTF-16 code units, with many surrogates. */
const anyText = fc.string({
  unit: fc
    .oneof(fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff }), fc.integer({ min: 0x20, max: 0x7e }))
    .map((code) => String.fromCharCode(code)),
});
const blanks = fc.string({ unit: fc.constantFrom(...trimmed) });
const wellFormedText = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));

describe('a text field', () => {
  describe('that is no text', () => {
    for (const [name, value, code] of [
      ['missing', undefined, 'required'],
      ['null', null, 'null'],
      ['true', true, 'not_text'],
      ['false', false, 'not_text'],
      ['a list', ['text'], 'not_text'],
      ['an empty list', [], 'not_text'],
      ['an object', { text: 'text' }, 'not_text'],
      ['empty', '', 'blank'],
      ['only whitespace', ' \t\r\n ', 'blank'],
    ] as const) {
      it(`is rejected as '${code}' if it is ${name}`, () => {
        expect(checkText(value)).to.deep.equal({ issues: [{ code }] });
      });
    }

    it('is rejected for that alone, whatever other rules it breaks', () => {
      const rules = {
        maxLength: 0,
        pattern: { is: /^$/, otherwise: { code: 'username_characters' } },
      } as const;
      expect(checkText(undefined, rules)).to.deep.equal({ issues: [{ code: 'required' }] });
      expect(checkText(null, rules)).to.deep.equal({ issues: [{ code: 'null' }] });
      expect(checkText([], rules)).to.deep.equal({ issues: [{ code: 'not_text' }] });
      expect(checkText('   ', rules)).to.deep.equal({ issues: [{ code: 'blank' }] });
    });
  });

  describe('that is a number', () => {
    for (const [value, text] of [
      [0, '0'],
      [42, '42'],
      [-7, '-7'],
      [-0, '0'],
      [1.5, '1.5'],
      [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    ] as const) {
      it(`is taken as its decimal text: ${text}`, () => {
        expect(checkText(value)).to.deep.equal({ value: text });
      });
    }

    it('is as long as its decimal text', () => {
      expect(checkText(999, { maxLength: 3 })).to.deep.equal({ value: '999' });
      expect(checkText(1000, { maxLength: 3 })).to.deep.equal({ issues: [{ code: 'too_long', limit: 3 }] });
    });
  });

  describe('with whitespace at its ends', () => {
    for (const blank of trimmed) {
      it(`loses ${notation(blank)}`, () => {
        expect(checkText(`${blank}${blank}a${blank}b${blank}`)).to.deep.equal({ value: `a${blank}b` });
        expect(checkText(blank)).to.deep.equal({ issues: [{ code: 'blank' }] });
      });
    }

    for (const character of kept) {
      it(`keeps ${notation(character)}`, () => {
        expect(checkText(`${character}a${character}`)).to.deep.equal({ value: `${character}a${character}` });
        expect(checkText(character)).to.deep.equal({ value: character });
      });
    }

    it('is trimmed of no other characters', () => {
      const lost = range(1, 0xffff)
        .filter((code) => code < 0xd800 || code > 0xdfff)
        .map((code) => String.fromCharCode(code))
        .filter((character) => 'issues' in checkText(character));
      expect(lost).to.deep.equal(trimmed);
    });

    it('keeps whitespace inside', () => {
      fc.assert(
        fc.property(blanks, wellFormedText, blanks, (before, inside, after) => {
          expect(checkText(`${before}x${inside}x${after}`)).to.deep.equal({ value: `x${inside}x` });
        }),
      );
    });

    it('is the same after it has been trimmed once', () => {
      fc.assert(
        fc.property(blanks, wellFormedText, blanks, (before, inside, after) => {
          const once = checkText(before + inside + after);
          fc.pre('value' in once);
          expect(checkText('value' in once && once.value)).to.deep.equal(once);
        }),
      );
    });

    it('is trimmed in linear time, also around a long run of inner blanks', () => {
      const text = `a${' '.repeat(300_000)}b`;
      expect(checkText(`  ${text}  `)).to.deep.equal({ value: text });
    });

    it('is measured after trimming', () => {
      expect(checkText('  abc  ', { maxLength: 3 })).to.deep.equal({ value: 'abc' });
    });
  });

  describe('with a greatest length', () => {
    const limit255 = { issues: [{ code: 'too_long', limit: 255 }] };

    for (const [name, character] of [
      ['letters', 'a'],
      ['letters of two bytes', 'é'],
      ['ideographs', '漢'],
      ['emoji, two UTF-16 code units each', '😀'],
      ['combining marks, each of which counts', '\u0301'],
    ] as const) {
      it(`accepts 255 and rejects 256 ${name}`, () => {
        const longest = character.repeat(255);
        expect(checkText(longest, { maxLength: 255 })).to.deep.equal({ value: longest });
        expect(checkText(longest + character, { maxLength: 255 })).to.deep.equal(limit255);
      });
    }

    it('counts a letter and its combining accent as two', () => {
      expect(checkText('e\u0301'.repeat(128), { maxLength: 255 })).to.deep.equal(limit255);
    });

    it('counts an emoji of several code points as that many', () => {
      expect(lengthInCodePoints('👨‍👩‍👧')).to.equal(5);
    });

    it('counts code points, an unpaired surrogate being one', () => {
      fc.assert(
        fc.property(anyText, (text) => {
          const pairs = text.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g) ?? [];
          expect(lengthInCodePoints(text)).to.equal(text.length - pairs.length);
        }),
      );
    });
  });

  describe('with characters that cannot be stored', () => {
    it('is rejected for U+0000 wherever it stands', () => {
      for (const text of ['\0', '\0a', 'a\0b', 'a\0']) {
        expect(checkText(text)).to.deep.equal({ issues: [{ code: 'null_character' }] });
      }
    });

    for (const [name, text, codePoint] of [
      ['a high surrogate at the end', 'a\ud83d', 0xd83d],
      ['a high surrogate before a letter', '\ud800a', 0xd800],
      ['a low surrogate', 'a\udfff', 0xdfff],
      ['the first of two', 'a\udc00\ud800', 0xdc00],
      ['the unpaired one before a pair', '\ud83d\ud83d\ude00', 0xd83d],
      ['the unpaired one after a pair', '\ud83d\ude00\ude01', 0xde01],
    ] as const) {
      it(`is rejected for ${name}`, () => {
        expect(checkText(text)).to.deep.equal({ issues: [{ code: 'surrogate', codePoint }] });
      });
    }

    it('accepts surrogates in pairs', () => {
      expect(checkText('\ud83d\ude00')).to.deep.equal({ value: '😀' });
    });

    it('is accepted if and only if it survives UTF-8 unchanged', () => {
      fc.assert(
        fc.property(anyText, (inside) => {
          const text = `x${inside.replaceAll('\0', '')}x`;
          const survives = Buffer.from(text, 'utf8').toString('utf8') === text;
          expect('value' in checkText(text)).to.equal(survives);
        }),
        { numRuns: 1000 },
      );
    });

    it('names the first unpaired surrogate', () => {
      fc.assert(
        fc.property(
          wellFormedText,
          fc.integer({ min: 0xd800, max: 0xdfff }),
          anyText,
          (before, code, after) => {
            const text = `${before}|${String.fromCharCode(code)}|${after.replaceAll('\0', '')}`;
            expect(checkText(text)).to.deep.equal({ issues: [{ code: 'surrogate', codePoint: code }] });
          },
        ),
      );
    });
  });

  it('reports pattern, length, U+0000 and surrogate together, in this order', () => {
    const pattern = { is: /^a+$/, otherwise: { code: 'username_characters' } } as const;
    expect(checkText('aa\ud800\0', { maxLength: 3, pattern })).to.deep.equal({
      issues: [
        { code: 'username_characters' },
        { code: 'too_long', limit: 3 },
        { code: 'null_character' },
        { code: 'surrogate', codePoint: 0xd800 },
      ],
    });
  });

  it('is normalised before it is matched and measured', () => {
    const rules = {
      normalise: (text: string) => text.replaceAll('-', ''),
      pattern: { is: /^a+$/, otherwise: { code: 'username_characters' } },
      maxLength: 2,
    } as const;
    expect(checkText(' a-a ', rules)).to.deep.equal({ value: 'aa' });
  });
});

describe('several fields', () => {
  it('return their values if all are valid', () => {
    expect(validateAll<{ a: string; b: number }>({ a: { value: 'x' }, b: { value: 0 } })).to.deep.equal({
      a: 'x',
      b: 0,
    });
  });

  it('are rejected together, each with its own issues, in the order of the fields', () => {
    const rejected = rejectionOfCall(() =>
      validateAll<{ z: string; good: string; a: string }>({
        z: { issues: [{ code: 'required' }] },
        good: { value: 'x' },
        a: { issues: [{ code: 'too_long', limit: 3 }, { code: 'null_character' }] },
      }),
    );
    expect(rejected).to.deep.equal({
      z: [{ code: 'required' }],
      a: [{ code: 'too_long', limit: 3 }, { code: 'null_character' }],
    });
    expect(Object.keys(rejected)).to.deep.equal(['z', 'a']);
  });

  it('do not quote the input in the error message', () => {
    const error = new InvalidFields({ status: [{ code: 'not_a_choice', value: 'secret' }] });
    expect(error.message).to.equal('invalid fields');
  });
});

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function notation(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}

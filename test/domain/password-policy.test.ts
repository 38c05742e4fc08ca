import { expect } from 'chai';
import * as fc from 'fast-check';
import { commonPasswords } from '../../src/domain/common-passwords.js';
import { passwordWeaknesses, requireStrongPassword, similarity } from '../../src/domain/password-policy.js';
import { rejectionOfCall } from '../support/rejection.js';

function weaknesses(password: string, username = 'jigyasnh'): string[] {
  return passwordWeaknesses(password, username).map(({ code }) => code);
}

const characters = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'é', 'É', '漢', '😀'));
const text = characters.map((list) => list.join(''));
const shuffled = characters
  .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
  .map(([list, permutation]) => [list.join(''), permutation.join('')] as const);

describe('a new password', () => {
  it('is strong if it breaks no rule', () => {
    expect(weaknesses('securepassword123', 'jigyasnh')).to.deep.equal([]);
    expect(() => requireStrongPassword('securepassword123', 'jigyasnh')).not.to.throw();
  });

  it('is rejected with every rule that it breaks, in the order of the contract', () => {
    expect(rejectionOfCall(() => requireStrongPassword('123456', '123456'))).to.deep.equal({
      password: [
        { code: 'password_similar_to_username' },
        { code: 'password_too_short' },
        { code: 'password_common' },
        { code: 'password_numeric' },
      ],
    });
  });

  for (const [password, ...codes] of [
    ['password1', 'password_common'],
    ['qwerty', 'password_too_short', 'password_common'],
    ['12345678', 'password_common', 'password_numeric'],
    ['x', 'password_too_short'],
  ] as const) {
    it(`is rejected if it is ${password}`, () => {
      expect(weaknesses(password)).to.include.members(codes);
    });
  }

  describe('similar to the username', () => {
    const similar = ['password_similar_to_username'];

    it('is rejected if it is the name, in whatever case', () => {
      expect(weaknesses('jigyasnh', 'jigyasnh')).to.deep.equal(similar);
      expect(weaknesses('JigyasNH', 'jigyasnh')).to.deep.equal(similar);
      expect(weaknesses('jigyasnh', 'JIGYASNH')).to.deep.equal(similar);
    });

    it('is rejected if it is the name turned around or with a little added', () => {
      expect(weaknesses('hnsaygij')).to.deep.equal(similar);
      expect(weaknesses('jigyasnh123')).to.deep.equal(similar);
    });

    it('is rejected from a ratio of 0.7', () => {
      expect(weaknesses('abcdefg-!?', 'abcdefgxyz')).to.deep.equal(similar);
      expect(weaknesses('abcdef#-!?', 'abcdefgxyz')).to.deep.equal([]);
    });

    it('is rejected if it is similar to a part of the name between characters that are no word characters', () => {
      for (const name of ['maria.gonzalez@work', 'maria-gonzalez+work', '@gonzalez@']) {
        expect(weaknesses('gonzalez!', name), name).to.deep.equal(similar);
      }
    });

    it('is rejected if it is similar to the whole name and to none of its parts', () => {
      expect(weaknesses('abcd.efgh.', 'abcd.efgh')).to.deep.equal(similar);
    });

    it('is compared with parts of letters of any script', () => {
      expect(weaknesses('гонсалес!', 'мария.гонсалес@работа')).to.deep.equal(similar);
    });

    it('is compared with parts that may contain underscores', () => {
      expect(weaknesses('gonzalez!', 'maria_gonzalez')).to.deep.equal([]);
    });

    it('may contain a short name', () => {
      expect(weaknesses('correct horse al', 'al')).to.deep.equal([]);
    });
  });

  describe('too short', () => {
    it('is rejected below 8 characters', () => {
      expect(weaknesses('kT#9xw2')).to.deep.equal(['password_too_short']);
      expect(weaknesses('kT#9xw2v')).to.deep.equal([]);
    });

    it('is counted in code points', () => {
      expect(weaknesses('😀🙃🤖👻👽🎃🦊')).to.deep.equal(['password_too_short']);
      expect(weaknesses('😀🙃🤖👻👽🎃🦊🐙')).to.deep.equal([]);
    });
  });

  describe('too common', () => {
    it('is rejected in whatever case', () => {
      expect(weaknesses('PassWord1')).to.deep.equal(['password_common']);
      expect(weaknesses('ILOVEYOU')).to.deep.equal(['password_common']);
    });

    it('is looked up as a whole', () => {
      expect(weaknesses('my password1')).to.deep.equal([]);
    });

    it('is any of more than 10,000', () => {
      expect(commonPasswords.size).to.be.greaterThan(10_000);
      const missed = [...commonPasswords].filter(
        (password) => !weaknesses(password).includes('password_common'),
      );
      expect(missed).to.deep.equal([]);
    });

    it('is never nothing', () => {
      expect(commonPasswords.has('')).to.equal(false);
    });
  });

  describe('entirely numeric', () => {
    for (const password of [
      '93847261',
      '٩٣٨٤٧٢٦١',
      '९३८४७२६१',
      '９３８４７２６１',
      '𝟗𝟑𝟖𝟒𝟕𝟐𝟔𝟏',
      '93٨٤७२６𝟏',
      '²³¹²³¹²³¹',
      '⁰⁴⁵⁶⁷⁸⁹₀₉',
      '①②③④⑤⑥⑦⑧⑨⓪',
      '⑴⑵⑼⒈⒉⒐⓵⓽⓿',
      '❶❷❾➀➈➊➒🄀🄊',
      '፩፪፱᧚፩፪፱᧚',
      '𐩀𐩃𐹠𐹨𑁒𑁚𐩀𐩃',
    ]) {
      it(`is rejected: ${password}`, () => {
        expect(weaknesses(password)).to.deep.equal(['password_numeric']);
      });
    }

    for (const password of [
      '9384726a',
      '9384 7261',
      '9384.7261',
      '-93847261',
      '½½½½½½½½',
      'ⅠⅡⅢⅣⅤⅥⅦⅧ',
      '⑩⑪⑫⑬⑭⑮⑯⑰',
      '一二三四五六七八',
      '⓾⓾⓾⓾⓾⓾⓾⓾',
    ]) {
      it(`is not: ${password}`, () => {
        expect(weaknesses(password)).to.deep.equal([]);
      });
    }
  });
});

describe('the similarity of two texts', () => {
  it('is twice the common characters over the sum of the lengths', () => {
    expect(similarity('abcd', 'bcde')).to.equal(0.75);
    expect(similarity('abc', 'xyz')).to.equal(0);
    expect(similarity('aaa', 'a')).to.equal(0.5);
    expect(similarity('a', 'aaa')).to.equal(0.5);
  });

  it('counts code points', () => {
    expect(similarity('😀', '😁')).to.equal(0);
    expect(similarity('😀a', '😀b')).to.equal(0.5);
  });

  it('is symmetric', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        fc.pre(a !== '' || b !== '');
        expect(similarity(a, b)).to.equal(similarity(b, a));
      }),
    );
  });

  it('lies between 0 and 1', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        fc.pre(a !== '' || b !== '');
        expect(similarity(a, b)).to.be.within(0, 1);
      }),
    );
  });

  it('is 1 for the same characters in another order', () => {
    fc.assert(
      fc.property(shuffled, ([a, b]) => {
        fc.pre(a !== '');
        expect(similarity(a, b)).to.equal(1);
      }),
    );
  });

  it('is 1 for nothing else', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        fc.pre(sorted(a) !== sorted(b));
        expect(similarity(a, b)).to.be.lessThan(1);
      }),
    );
  });
});

function sorted(value: string): string {
  return Array.from(value).toSorted().join('');
}

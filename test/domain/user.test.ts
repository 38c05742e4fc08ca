import { expect } from 'chai';
import { checkNewPassword, checkUsername, parseCredentials } from '../../src/domain/user.js';
import { rejectionOfCall } from '../support/rejection.js';

const badCharacters = { issues: [{ code: 'username_characters' }] };

describe('a username', () => {
  for (const name of ['a', 'jigyasnh', 'Maria', 'josé', 'ünal', 'Ольга', '李雷', 'أحمد', 'ढ', '𐐨']) {
    it(`may have letters: ${name}`, () => {
      expect(checkUsername(name)).to.deep.equal({ value: name });
    });
  }

  for (const name of ['1234', '٣٤', '੪', '〇', '𐄇', '༳']) {
    it(`may have numbers of any script: ${name}`, () => {
      expect(checkUsername(name)).to.deep.equal({ value: name });
    });
  }

  it('may have @ . + - and _', () => {
    expect(checkUsername('maria_g.work+list-1@example.com')).to.deep.equal({
      value: 'maria_g.work+list-1@example.com',
    });
    for (const character of '@.+-_') expect(checkUsername(character)).to.deep.equal({ value: character });
  });

  for (const [what, name] of [
    ['blanks inside', 'two words'],
    ['line breaks', 'two\nlines'],
    ['other punctuation', 'maria!'],
    ['slashes', 'a/b'],
    ['quotes', "o'neill"],
    ['currency signs', '$name'],
    ['emoji', 'maria😀'],
    ['a mark without a letter that takes it', 'x\u0301'],
    ['a zero-width joiner', 'a\u200db'],
    ['a zero-width space, which is not trimmed either', '\u200bmaria'],
    ['a byte order mark', '\ufeffmaria'],
    ['a soft hyphen', 'ma\u00adria'],
    ['connecting punctuation that is no underscore', 'a\u203fb'],
  ] as const) {
    it(`may not have ${what}`, () => {
      expect(checkUsername(name)).to.deep.equal(badCharacters);
    });
  }

  it('is trimmed', () => {
    expect(checkUsername('\u3000maria\n')).to.deep.equal({ value: 'maria' });
  });

  it('is case-sensitive', () => {
    expect(checkUsername('Maria')).to.deep.equal({ value: 'Maria' });
  });

  it('may be a number', () => {
    expect(checkUsername(42)).to.deep.equal({ value: '42' });
  });

  it('is put into NFKC before its characters are looked at', () => {
    expect(checkUsername('ｍａｒｉａ＠ｗｏｒｋ')).to.deep.equal({ value: 'maria@work' });
    expect(checkUsername('ﬁona')).to.deep.equal({ value: 'fiona' });
    expect(checkUsername('jose\u0301')).to.deep.equal({ value: 'jos\u00e9' });
    expect(checkUsername('x²')).to.deep.equal({ value: 'x2' });
    expect(checkUsername('a\u00a8b')).to.deep.equal(badCharacters);
  });

  for (const [what, name] of [
    ['a Greek letter that is a blank and a mark', '\u037aada'],
    ['the same letter further back', 'ada\u037a'],
    ['an Arabic ligature of three words', '\ufdfa'],
    ['an Arabic mark in a form of its own', 'a\ufe70'],
    ['another one', '\ufc5e'],
  ] as const) {
    it(`may not get a blank by NFKC: ${what}`, () => {
      expect(checkUsername(name)).to.deep.equal(badCharacters);
    });
  }

  it('has no white space after NFKC, whatever its characters', () => {
    for (let code = 1; code < 0x11_0000; code++) {
      const checked = checkUsername(`a${String.fromCodePoint(code)}`);
      if ('value' in checked) expect(/\p{White_Space}/u.test(checked.value), `U+${code}`).to.equal(false);
    }
  });

  it('stays valid if it passed as it was sent', () => {
    expect(checkUsername('½')).to.deep.equal({ value: '1\u20442' });
  });

  it('has at most 150 code points', () => {
    const longest = '𐐨'.repeat(150);
    expect(checkUsername(longest)).to.deep.equal({ value: longest });
    expect(checkUsername(`${longest}a`)).to.deep.equal({ issues: [{ code: 'too_long', limit: 150 }] });
  });

  it('is measured in NFKC', () => {
    expect(checkUsername('e\u0301'.repeat(150))).to.deep.equal({ value: 'é'.repeat(150) });
    expect(checkUsername('ﬁ'.repeat(75))).to.deep.equal({ value: 'fi'.repeat(75) });
    expect(checkUsername('ﬁ'.repeat(76))).to.deep.equal({ issues: [{ code: 'too_long', limit: 150 }] });
  });

  it('may be four times as long before NFKC as after it', () => {
    expect(checkUsername('α\u0313\u0300\u0345'.repeat(150))).to.deep.equal({ value: 'ᾂ'.repeat(150) });
    // No code point stands for more than four others, so no text gets shorter than that.
    const longest = Math.max(
      ...Array.from({ length: 0x11_00 }, (_, row) =>
        Math.max(...Array.from({ length: 0x1_00 }, (__, i) => decomposedLength(row * 0x1_00 + i))),
      ),
    );
    expect(longest).to.equal(4);
  });

  it('is rejected as too long, without a slow normalisation', () => {
    const marks = '\u0315'.repeat(100_000) + '\u0316'.repeat(100_000);
    expect(checkUsername(`a${marks}`)).to.deep.equal({
      issues: [{ code: 'username_characters' }, { code: 'too_long', limit: 150 }],
    });
    expect(checkUsername('a'.repeat(1201))).to.deep.equal({ issues: [{ code: 'too_long', limit: 150 }] });
    expect(checkUsername(`${'a'.repeat(1_000_000)}!\0`)).to.deep.equal({
      issues: [{ code: 'username_characters' }, { code: 'too_long', limit: 150 }, { code: 'null_character' }],
    });
  });

  it('reports everything together: characters, length, U+0000, surrogate', () => {
    expect(checkUsername(`${'a'.repeat(150)}\ud800\0`)).to.deep.equal({
      issues: [
        { code: 'username_characters' },
        { code: 'too_long', limit: 150 },
        { code: 'null_character' },
        { code: 'surrogate', codePoint: 0xd800 },
      ],
    });
  });

  for (const [value, code] of [
    [undefined, 'required'],
    [null, 'null'],
    ['', 'blank'],
    [' ', 'blank'],
    [true, 'not_text'],
    [{}, 'not_text'],
  ] as const) {
    it(`cannot be ${JSON.stringify(value)}`, () => {
      expect(checkUsername(value)).to.deep.equal({ issues: [{ code }] });
    });
  }
});

describe('the text of a new password', () => {
  it('is trimmed, and otherwise kept as it is', () => {
    expect(checkNewPassword('  ﬁne e\u0301 Pass  ')).to.deep.equal({ value: 'ﬁne e\u0301 Pass' });
  });

  it('has at most 128 code points', () => {
    const longest = '😀'.repeat(128);
    expect(checkNewPassword(longest)).to.deep.equal({ value: longest });
    expect(checkNewPassword(`${longest}!`)).to.deep.equal({ issues: [{ code: 'too_long', limit: 128 }] });
  });

  it('may be a number', () => {
    expect(checkNewPassword(42)).to.deep.equal({ value: '42' });
  });

  it('reports length, U+0000 and surrogate together', () => {
    expect(checkNewPassword(`\udfff${'a'.repeat(128)}\0a`)).to.deep.equal({
      issues: [
        { code: 'too_long', limit: 128 },
        { code: 'null_character' },
        { code: 'surrogate', codePoint: 0xdfff },
      ],
    });
  });
});

describe('credentials', () => {
  it('are trimmed texts, the name in NFKC and the password as it is', () => {
    expect(parseCredentials({ username: ' ﬁona ', password: ' ﬁne ' })).to.deep.equal({
      username: 'fiona',
      password: 'ﬁne',
    });
  });

  it('cut off a very long name, to a length that is too long for an account', () => {
    const marks = '\u0315'.repeat(100_000) + '\u0316'.repeat(100_000);
    for (const username of [`a${marks}`, 'a'.repeat(200_000), '\ufdfa'.repeat(1200), '😀'.repeat(100_000)]) {
      const { username: read, password } = parseCredentials({ username, password: marks });
      expect(read.length).to.equal(1200);
      expect(checkUsername(read)).to.have.property('issues');
      expect(password).to.equal(marks);
    }
  });

  it('do not cut a code point of a very long name in half', () => {
    const { username } = parseCredentials({ username: `a${'😀'.repeat(1000)}`, password: 'x' });
    expect(username).to.equal(`a${'😀'.repeat(599)}`);
  });

  it('may be longer, and of other characters, than those of any account', () => {
    const input = { username: '😀 '.repeat(200).trim(), password: 'x'.repeat(1000) };
    expect(parseCredentials(input)).to.deep.equal(input);
  });

  it('report both invalid fields together, username first', () => {
    const rejected = rejectionOfCall(() => parseCredentials({ password: null }));
    expect(rejected).to.deep.equal({ username: [{ code: 'required' }], password: [{ code: 'null' }] });
    expect(Object.keys(rejected)).to.deep.equal(['username', 'password']);
  });

  it('are rejected for U+0000 and unpaired surrogates', () => {
    expect(rejectionOfCall(() => parseCredentials({ username: 'a\0', password: 'a\ud800' }))).to.deep.equal({
      username: [{ code: 'null_character' }],
      password: [{ code: 'surrogate', codePoint: 0xd800 }],
    });
  });
});

function decomposedLength(codePoint: number): number {
  return Array.from(String.fromCodePoint(codePoint).normalize('NFD')).length;
}

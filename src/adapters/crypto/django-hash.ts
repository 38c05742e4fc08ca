import * as crypto from 'node:crypto';
import bcrypt from 'bcrypt';

/** Whether the password is that of a hash. Takes as long as it takes Django, at most some seconds. */
export type VerifyPassword = (password: string) => boolean;

/** What a comparison may cost at most. */
const limits = {
  iterations: 10_000_000,
  scryptBytes: 64 * 2 ** 20,
  bcryptCost: 15,
  argon2Bytes: 256 * 2 ** 20,
  argon2Passes: 16,
};

/** Node has it from 24.7. */
type Argon2 = (
  variant: string,
  options: Readonly<
    Record<'message' | 'nonce', Buffer> & Record<'parallelism' | 'tagLength' | 'memory' | 'passes', number>
  >,
) => Buffer;
const { argon2Sync } = crypto as unknown as { readonly argon2Sync?: Argon2 };

/** For each algorithm of Django, how it is read from what follows its name. Undefined if that is malformed. */
const algorithms: Readonly<Record<string, (text: string) => VerifyPassword | 'too_costly' | undefined>> = {
  pbkdf2_sha256: pbkdf2('sha256'),
  pbkdf2_sha1: pbkdf2('sha1'),
  scrypt,
  bcrypt_sha256: bcryptOf((password) => crypto.createHash('sha256').update(password).digest('hex')),
  bcrypt: bcryptOf((password) => password),
  ...(argon2Sync && { argon2: (text: string) => argon2(text, argon2Sync) }),
};

/**
 * Reads a password hash of Django, by which the password is verified as it was given, without normalisation. Undefined
 * if it is none, or if this version of Node does not have its algorithm; 'too_costly' if comparing would take too much
 * time or memory.
 */
export function parseDjangoHash(text: string): VerifyPassword | 'too_costly' | undefined {
  const end = text.indexOf('$');
  const name = text.slice(0, end);
  return Object.hasOwn(algorithms, name) ? algorithms[name]?.(text.slice(end + 1)) : undefined;
}

function pbkdf2(digest: 'sha256' | 'sha1') {
  return (text: string): VerifyPassword | 'too_costly' | undefined => {
    const [, iterations, salt = '', encoded = ''] = /^(\d{1,15})\$([^$]+)\$([\w+/]+=*)$/.exec(text) ?? [];
    if (iterations === undefined || Number(iterations) === 0) return undefined;
    if (Number(iterations) > limits.iterations) return 'too_costly';
    const hash = Buffer.from(encoded, 'base64');
    return (password) =>
      crypto.timingSafeEqual(
        crypto.pbkdf2Sync(password, salt, Number(iterations), hash.length, digest),
        hash,
      );
  };
}

function scrypt(text: string): VerifyPassword | 'too_costly' | undefined {
  const [, salt = '', encoded = ''] = /^\d{1,9}\$([^$]+)\$\d{1,9}\$\d{1,9}\$([\w+/]+=*)$/.exec(text) ?? [];
  const [N = 0, , r = 0, p = 0] = text.split('$').map(Number);
  if (encoded === '' || N < 2 || !Number.isInteger(Math.log2(N)) || r === 0 || p === 0) return undefined;
  const bytes = 128 * N * r;
  if (bytes > limits.scryptBytes || p > 16) return 'too_costly';
  const hash = Buffer.from(encoded, 'base64');
  const maxmem = 2 * bytes + 128 * r * p + 2 ** 20;
  return (password) =>
    crypto.timingSafeEqual(crypto.scryptSync(password, salt, hash.length, { N, r, p, maxmem }), hash);
}

function bcryptOf(prepare: (password: string) => string) {
  return (text: string): VerifyPassword | 'too_costly' | undefined => {
    const [hash, cost] = /^\$2[aby]\$(\d\d)\$[\w./]{53}$/.exec(text) ?? [];
    if (hash === undefined || Number(cost) < 4) return undefined;
    return Number(cost) > limits.bcryptCost
      ? 'too_costly'
      : (password) => bcrypt.compareSync(prepare(password), hash);
  };
}

function argon2(text: string, compute: Argon2): VerifyPassword | 'too_costly' | undefined {
  const [, variant = '', m, t, p, salt = '', encoded = ''] =
    /^(argon2(?:id|i|d))\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,3})\$([\w+/]+)\$([\w+/]+)$/.exec(text) ?? [];
  if (encoded === '') return undefined;
  const [memory, passes, parallelism] = [Number(m), Number(t), Number(p)];
  if (memory * 1024 > limits.argon2Bytes || passes > limits.argon2Passes || parallelism > 64)
    return 'too_costly';
  const [nonce, hash] = [Buffer.from(salt, 'base64'), Buffer.from(encoded, 'base64')];
  return (password) => {
    const message = Buffer.from(password);
    const tag = compute(variant, { message, nonce, parallelism, tagLength: hash.length, memory, passes });
    return crypto.timingSafeEqual(tag, hash);
  };
}

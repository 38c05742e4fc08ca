import type { TokenSigner } from '../../application/ports.js';
import { answerPublic } from './answer.js';
import type { Action } from './context.js';

/** How long others may keep the keys, in seconds: a new key should not sign before they can have it. */
const maxAge = 300;

/** Lets others check our tokens. */
export class PublicKeysController {
  constructor(private readonly tokens: Pick<TokenSigner, 'publicKeys'>) {}

  /** The public keys as a JSON Web Key Set (RFC 7517); an empty one where tokens are signed with secrets. */
  readonly list: Action = async (ctx) => {
    answerPublic(ctx, { keys: this.tokens.publicKeys() }, maxAge);
  };
}

import type { TokenSigner } from '../../../application/ports/token-signer.js';
import type { Handler } from '../context.js';
import { replyCacheable } from '../response/reply.js';

/** How long others may keep the keys, in seconds: a new key should not sign before they can have it. */
const maxAge = 300;

/** Lets others check our tokens. */
export class PublicKeysController {
  constructor(private readonly tokens: Pick<TokenSigner, 'publicKeys'>) {}

  /** The public keys as a JSON Web Key Set (RFC 7517); an empty one where tokens are signed with secrets. */
  readonly list: Handler = async (ctx) => {
    replyCacheable(ctx, { keys: this.tokens.publicKeys() }, maxAge);
  };
}

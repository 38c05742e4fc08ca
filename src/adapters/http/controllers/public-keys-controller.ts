import type { TokenSigner } from '../../../application/ports/token-signer.js';
import type { Handler } from '../context.js';
import { replyCacheable } from '../response/reply.js';

/** How long caches may keep the keys, in seconds. A new key should not sign before every cache can have it. */
const maxAge = 300;

/** Publishes the keys with which other services verify our tokens. */
export class PublicKeysController {
  constructor(private readonly tokens: Pick<TokenSigner, 'publicKeys'>) {}

  /** The public keys as a JSON Web Key Set (RFC 7517); an empty one if tokens are signed with secrets. */
  readonly list: Handler = async (ctx) => {
    replyCacheable(ctx, JSON.stringify({ keys: this.tokens.publicKeys() }), maxAge);
  };
}

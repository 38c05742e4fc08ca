import { expect } from 'chai';

interface ActualResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export const unavailable = { detail: 'Service temporarily unavailable.' };
export const unknownPath = { detail: 'Not found.' };
export const malformedRequest = { detail: 'Malformed request.' };
export const taskNotFound = { error: 'Task not found' };
export const sessionNotFound = { error: 'Session not found' };
export const invalidCredentials = { detail: 'No active account found with the given credentials' };

// Responses about a token in a body.
export const tokenInvalid = { detail: 'Token is invalid or expired', code: 'token_not_valid' };
export const tokenBlacklisted = { detail: 'Token is blacklisted', code: 'token_not_valid' };
export const tokenOfWrongType = { detail: 'Token has wrong type', code: 'token_not_valid' };
export const badLink = {
  token: ['This link does not work: it has expired, was used before, or was replaced. Ask for a new one.'],
};
export const noActiveAccount = { detail: 'No active account found for the given token.' };
export const verifiedAsBlacklisted = { non_field_errors: ['Token is blacklisted'] };

// Responses about an Authorization header.
export const noPermission = { detail: 'You do not have permission to perform this action.' };
export const noCredentials = { detail: 'Authentication credentials were not provided.' };
export const badHeader = {
  detail: 'Authorization header must contain two space-delimited values',
  code: 'bad_authorization_header',
};
export const userNotFound = { detail: 'User not found', code: 'user_not_found' };
export const userInactive = { detail: 'User is inactive', code: 'user_inactive' };

export function accessTokenError(message: string): object {
  return {
    detail: 'Given token not valid for any token type',
    code: 'token_not_valid',
    messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
  };
}

export function notAllowed(method: string): object {
  return { detail: `Method "${method}" not allowed.` };
}

/** Expects the headers of every response. */
export function expectCommonHeaders({ headers }: Pick<ActualResponse, 'headers'>): void {
  expect(headers).to.include({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
  });
}

/** Expects a response byte by byte: the body as compact JSON with this order of keys, and the headers that belong to it. */
export function expectResponse(response: ActualResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  expect({ status: response.status, text: response.text }).to.deep.equal({ status, text });
  expect(response.headers['content-type']).to.equal('application/json');
  expect(response.headers['www-authenticate']).to.equal(status === 401 ? 'Bearer realm="api"' : undefined);
  expectCommonHeaders(response);
}

/** Expects a 400 for JSON that cannot be parsed; the reason is free. */
export function expectParseError(response: ActualResponse): void {
  const { detail } = JSON.parse(response.text) as { detail: string };
  expect(detail).to.match(/^JSON parse error - ./);
  expectResponse(response, 400, { detail });
}

/** What the benchmark tells a peer. */
export const port = Number(required('PORT'));
export const redisUrl = required('REDIS_URL');
export const signingKey = required('SIGNING_KEY');

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is missing.`);
  return value;
}

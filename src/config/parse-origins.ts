import type { AllowedOrigins } from '../adapters/http/middleware/cors.js';

const example = 'https://app.example, http://localhost:5173';

/** The origins in CORS_ORIGINS: `*`, `none`, or origins by comma. Reports the first problem in one sentence. */
export function parseOrigins(
  text: string,
  reportProblem: (message: string) => undefined,
): AllowedOrigins | undefined {
  if (text === '*') return '*';
  if (text === 'none') return [];
  const origins = text.split(',').map((origin) => origin.trim());
  for (const [index, origin] of origins.entries()) {
    const problem = problemOf(origin, origins.indexOf(origin) < index);
    if (problem !== undefined) return reportProblem(`CORS_ORIGINS=${text}: ${problem}.`);
  }
  return origins;
}

function problemOf(origin: string, isRepeated: boolean): string | undefined {
  if (origin === '*' || origin === 'none') return `${origin} stands alone`;
  if (isRepeated) return `${origin} is there twice`;
  if (origin === 'null') return undefined; // What browsers send for pages from files and in sandboxes.
  const sent = asSent(origin);
  if (sent === undefined) return `expected origins by comma, such as ${example}; or * or none alone`;
  if (sent === origin) return undefined;
  return `browsers send an origin in lower case, without a path, a slash at its end and its scheme's own port: write ${sent}`;
}

/** The origin as browsers send it; undefined if it is none. */
function asSent(text: string): string | undefined {
  const isUrl = /^[a-z][a-z\d+.-]*:\/\/(?:[^\s/*?#@:[\]]+|\[[\da-f:.]+\])(?::\d{1,5})?(?:\/\S*)?$/iu.test(
    text,
  );
  if (!isUrl || !URL.canParse(text)) return undefined;
  const { origin, protocol, host } = new URL(text);
  // URL knows no origin for schemes of applications, such as capacitor://localhost.
  return origin === 'null' ? `${protocol}//${host.toLowerCase()}` : origin;
}

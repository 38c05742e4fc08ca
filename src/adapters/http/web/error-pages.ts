import type { Context, Middleware } from '../context.js';
import { replaceBody, type Reply } from '../response/reply.js';
import { contentSecurityPolicy } from './content-security-policy.js';
import { isBrowser } from './is-browser.js';

/**
 * Turns the errors that a person would see in the window of a browser into a small page. Status and headers stay those
 * that programs get (docs/api.md, section 8.21). Requests with an access token come from programs and pass unchanged.
 */
export const errorPages: Middleware = (ctx, next) => {
  const { method, headers } = ctx.req;
  if (headers.authorization !== undefined || (method !== 'GET' && method !== 'HEAD')) return next();
  return next().then(() => {
    if (ctx.reply && ctx.reply.status >= 400) respond(ctx, ctx.reply);
  });
};

function respond(ctx: Context, { status, body }: Reply): void {
  ctx.vary('Accept');
  if (typeof body !== 'string' || !isBrowser(ctx.req)) return;
  ctx.set('Content-Security-Policy', contentSecurityPolicy.page);
  replaceBody(ctx, 'text/html; charset=utf-8', errorPage(status, body));
}

/** A page that says in plain words what the status means, and shows what programs get. */
function errorPage(status: number, json: string): string {
  const [title, explanation] = explanations[status] ?? (status < 500 ? notUnderstood : wentWrong);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title} – Hexado</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/app/style.css" />
  </head>
  <body class="notice">
    <main class="card">
      <p class="brand"><img src="/icon.svg" alt="" width="28" height="28" />Hexado</p>
      <h1>${title}</h1>
      <p>${explanation}</p>
      <p class="actions"><a class="button" href="/">Open the to-do list</a><a href="/docs/">Read the API’s documentation</a></p>
      <details>
        <summary>What programs get here</summary>
        <pre tabindex="0">${status} ${escaped(json)}</pre>
      </details>
    </main>
  </body>
</html>
`;
}

type Explanation = readonly [title: string, text: string];

const explanations: Readonly<Record<number, Explanation>> = {
  401: [
    'You need to sign in',
    'This address belongs to the API. Programs show it an access token. You can sign in on the page of the to-do list.',
  ],
  403: ['This is not allowed', 'The API refuses this request.'],
  404: ['There is nothing here', 'Neither a page nor a part of the API has this address.'],
  405: [
    'This address is for programs',
    'It belongs to the API, and expects another kind of request than a browser sends when you open an address.',
  ],
  429: ['Too many requests', 'Please wait a little, and then try again.'],
  503: ['Not available at the moment', 'Please try again in a moment.'],
};
const notUnderstood: Explanation = ['This request cannot be answered', 'The server cannot make sense of it.'];
const wentWrong: Explanation = [
  'Something went wrong',
  'The mistake is the server’s, not yours. Please try again later.',
];

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

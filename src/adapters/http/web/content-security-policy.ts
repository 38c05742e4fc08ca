const common = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** What a page may load and run: files of this server, nothing inline. */
export const contentSecurityPolicy = {
  /** The page at `/` and the pages of errors. No text can become markup or a script (Trusted Types). */
  page: [
    ...common,
    "img-src 'self'",
    "manifest-src 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  /** Swagger UI. It has icons in its style sheet, and makes markup of texts. */
  documentation: [...common, "img-src 'self' data:"].join('; '),
} as const;

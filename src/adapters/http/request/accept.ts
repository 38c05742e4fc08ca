/** Whether an Accept header names a media type, in any case and with any parameters, and not with a quality of 0. */
export function namesMediaType(accept: string | undefined, mediaType: string): boolean {
  return (accept ?? '').split(',').some((range) => {
    const [name, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return name === mediaType && !parameters.some((each) => isZero.test(each));
  });
}

/** A quality of 0, which means: not acceptable (RFC 9110, 12.4.2). */
const isZero = /^q\s*=\s*0(?:\.0*)?$/;

/**
 * Whether an Accept header names `application/problem+json`. Wildcards do not name it: clients that accept anything expect
 * ordinary JSON.
 */
export function acceptsProblem(accept: string | undefined): boolean {
  return (
    accept !== undefined &&
    /problem\+json/i.test(accept) &&
    namesMediaType(accept, 'application/problem+json')
  );
}

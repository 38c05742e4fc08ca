/**
 * Whether an Accept header names `application/problem+json`, in any case and with any parameters, and not with a quality
 * of 0. Wildcards do not name it: clients that accept anything expect ordinary JSON.
 */
export function acceptsProblem(accept: string | undefined): boolean {
  if (accept === undefined || !/problem\+json/i.test(accept)) return false;
  return accept.split(',').some((range) => {
    const [mediaType = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return mediaType === 'application/problem+json' && !parameters.some((each) => isZero.test(each));
  });
}

/** A quality of 0, which means: not acceptable (RFC 9110, 12.4.2). */
const isZero = /^q\s*=\s*0(?:\.0*)?$/;

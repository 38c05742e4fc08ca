import type { Context } from '../context.js';

/** Whether an entity tag meets a precondition. */
type IsMatch = (tag: string) => boolean;

/**
 * The precondition of If-Match (RFC 9110, 13.1.1), for strong entity tags. Undefined without the header, and for `*`,
 * which whatever exists matches.
 */
export function ifMatch({ req }: Context): IsMatch | undefined {
  const header = req.headers['if-match'];
  if (header === undefined || isAny(header)) return undefined;
  const tags = entityTags(header);
  return (tag) => tags.includes(tag);
}

/** Whether If-None-Match (RFC 9110, 13.1.2) names an entity tag. Undefined without the header. */
export function ifNoneMatch({ req }: Context): IsMatch | undefined {
  const header = req.headers['if-none-match'];
  if (header === undefined) return undefined;
  if (isAny(header)) return () => true;
  const tags = entityTags(header).map(opaque);
  return (tag) => tags.includes(opaque(tag));
}

function isAny(header: string): boolean {
  return header.trim() === '*';
}

const oneTag = '(?:W/)?"[!#-~\\x80-\\xff]*"';
// Takes linear time: spaces after a tag belong to it, those after its comma to the commas.
const tagList = new RegExp(`^[\\t ,]*(?:${oneTag}[\\t ]*(?:,[\\t ,]*|$))*$`);
const everyTag = new RegExp(oneTag, 'g');

/** The entity tags in a header; none if it cannot be parsed. */
function entityTags(header: string): readonly string[] {
  return tagList.test(header) ? (header.match(everyTag) ?? []) : [];
}

/** A tag without the mark of weak ones, for the weak comparison (RFC 9110, 8.8.3.2). */
function opaque(tag: string): string {
  return tag.replace(/^W\//, '');
}

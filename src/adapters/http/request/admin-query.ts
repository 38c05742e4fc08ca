import { linkHeader, pageLimit, parseQuery, searchedText, wholeNumber } from './query-parameters.js';

/** The users that a client asks for. `limit` is `Infinity` for a client that does not page. */
export interface RequestedUsers {
  readonly after: number;
  readonly limit: number;
  readonly search: string | undefined;
}

/** Parses the query string of a list of users. It never throws: an invalid value counts as missing. */
export function parseUserQuery(querystring: string): RequestedUsers {
  const query = parseQuery(querystring);
  return {
    after: wholeNumber(query, 'after') ?? 0,
    limit: pageLimit(query),
    search: searchedText(query),
  };
}

/** The records of the audit log that a client asks for. */
export interface RequestedRecords {
  readonly before: number;
  readonly limit: number;
}

/** Parses the query string of the audit log, as `parseUserQuery` does. */
export function parseAuditQuery(querystring: string): RequestedRecords {
  const query = parseQuery(querystring);
  return { before: wholeNumber(query, 'before') ?? Infinity, limit: pageLimit(query) };
}

/** The Link header to the page after or before this id; empty if there is none. */
export function linkToPage(
  querystring: string,
  limit: number,
  side: 'after' | 'before',
  id: number | undefined,
): Record<string, string> {
  return id === undefined ? {} : linkHeader(querystring, limit, [side], [`${side}=${id}`]);
}

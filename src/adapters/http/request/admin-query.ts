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

/** The Link header to the users after this one. */
export function linkToUsersAfter(querystring: string, limit: number, id: number): Record<string, string> {
  return linkHeader(querystring, limit, ['after'], [`after=${id}`]);
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

/** The Link header to the records before this one. */
export function linkToRecordsBefore(querystring: string, limit: number, id: number): Record<string, string> {
  return linkHeader(querystring, limit, ['before'], [`before=${id}`]);
}

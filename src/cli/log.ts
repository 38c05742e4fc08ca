import { pino, stdTimeFunctions, type Logger, type LoggerOptions } from 'pino';
import type { Config } from '../config/config.js';

/** Takes whole lines. */
interface Destination {
  write(lines: string): void;
}

/** A log of one JSON line each or, at a terminal, of lines for people: with colours, unless NO_COLOR is set. */
export async function createLog(
  level: Config['logLevel'],
  destination: Destination,
  isTerminal: boolean,
): Promise<Logger> {
  const options: LoggerOptions = { level, timestamp: stdTimeFunctions.isoTime, ...fieldsOfTracing() };
  if (!isTerminal) return pino(options, destination);
  const { prettyFactory } = await import('pino-pretty');
  const prettify = prettyFactory({
    colorize: !process.env['NO_COLOR'],
    ignore: 'pid,hostname',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss',
  });
  return pino(options, { write: (line) => destination.write(prettify(line)) });
}

/** With deploy/tracing.mjs, which says the current trace: its id stands at the end of each line. */
function fieldsOfTracing(): LoggerOptions {
  const mixin: unknown = Reflect.get(globalThis, Symbol.for('hexado.log-fields'));
  if (typeof mixin !== 'function') return {};
  return {
    mixin: mixin as () => object,
    mixinMergeStrategy: (line, fields) => ({ ...line, ...fields }),
  };
}

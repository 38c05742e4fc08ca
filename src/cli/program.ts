import cluster from 'node:cluster';
import { PartlyDone } from '../adapters/terminal/partly-done.js';
import { OutputError, print, printDone } from '../adapters/terminal/print.js';
import type { withStorage } from './with-storage.js';
import { canonicalAddress } from '../adapters/http/request/client-address.js';
import { confirm, readNewPassword } from '../adapters/terminal/read-terminal.js';
import { printAuditLog } from '../adapters/terminal/print-audit-log.js';
import { LinkCommands } from '../adapters/terminal/link-commands.js';
import { ThrottleCommands } from '../adapters/terminal/throttle-commands.js';
import { UserCommands } from '../adapters/terminal/user-commands.js';
import { ExportData } from '../application/export-data.js';
import { ImportData } from '../application/import-data.js';
import { ImportFromDjango } from '../application/import-from-django.js';
import { MakePasswordLink } from '../application/make-password-link.js';
import { ManageThrottles } from '../application/manage-throttles.js';
import { ManageUsers } from '../application/manage-users.js';
import { ReadAuditLog } from '../application/read-audit-log.js';
import { envFileIn, parseCommand, UsageError, type CommandOf } from './arguments.js';
import { reportAct } from './command-events.js';
import { rowOf, type CommandName } from './command-table.js';
import { completionScript } from './completion.js';
import { helpText } from './help.js';
import { ConfigError, readConfig, type Config } from '../config/config.js';
import { parseWhole } from '../config/parse-values.js';
import { SettingsFile } from '../config/settings-file.js';
import { removeStaleSocket } from '../runtime/stale-socket.js';
import type { Log } from '../application/ports/environment.js';
import { version } from '../runtime/version.js';
import { releaseSignals } from '../runtime/held-signals.js';
import { LogOutput } from '../runtime/log-output.js';
import { exportData, importData, requireExportTarget, requireImportSource } from './archive.js';
import { importFromDjango } from './django-import.js';
import { createKey, listKeys, promoteKey, pruneKeys, removeKey } from './keys.js';
import { linkBase } from './link-base.js';
import { exitReport } from './exit-report.js';
import { createLog } from './log.js';
import { superviseMetrics } from './metrics.js';
import { ClusterSupervisor } from '../runtime/cluster-supervisor.js';
import { warn } from './warn.js';

// What needs the storage or the server is imported when it runs: loading it takes most of the time of a short command.

const clock = () => Date.now() / 1000;

/** Runs the command of these arguments. On an error, writes messages to standard error and exits with a code of sysexits.h. */
export function main(args: readonly string[]): void {
  process.on('uncaughtException', fail);
  // A closed pipe or a full disk behind an output must not end the server. A command gets the error from `print`.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  run(args).catch(fail);
}

/** Reads the file of settings again, if there is one. */
let rereadSettings: ((log: Log) => Pick<Config, 'shutdownDelay'> | undefined) | undefined;

/** Applies the settings as they are in the file now, if they are valid. Otherwise logs the problems. */
function reread(file: SettingsFile, log: Log): Config | undefined {
  try {
    const settings = file.read();
    const config = readConfig(settings);
    file.apply(settings);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { problems } = error;
    log.error({ problems }, 'Reading the settings again failed; keeping the current ones and the workers');
    return undefined;
  }
}

/** What each command of the table does. */
const handlers: { readonly [N in CommandName]: (command: CommandOf<N>) => Promise<void> } = {
  serve: start,
  check: async () => {
    const config = readConfig(process.env);
    const { check } = await import('./check.js');
    await check(config, clock);
  },
  'user create': ({ arguments: [name], options }) => onUsers((users) => users.create(name, options)),
  'user set-password': ({ arguments: [name] }) => onUsers((users) => users.setPassword(name)),
  'user deactivate': ({ arguments: [name] }) => onUsers((users) => users.deactivate(name)),
  'user activate': ({ arguments: [name] }) => onUsers((users) => users.activate(name)),
  'user delete': ({ arguments: [name], options }) => onUsers((users) => users.delete(name, options)),
  'user promote': ({ arguments: [name] }) => onUsers((users) => users.promote(name)),
  'user demote': ({ arguments: [name] }) => onUsers((users) => users.demote(name)),
  'user list': ({ options }) => onUsers((users) => users.list(options)),
  'user show': ({ arguments: [name] }) => onUsers((users) => users.show(name)),
  'user sessions': ({ arguments: [name] }) => onUsers((users) => users.sessions(name)),
  'user logout': ({ arguments: [name] }) => onUsers((users) => users.logout(name)),
  'user reset': ({ arguments: [name], options: { url } }) => onLinks(url, (links) => links.reset(name)),
  'user invite': ({ arguments: [name], options: { url } }) => onLinks(url, (links) => links.invite(name)),
  audit: async ({ options: { limit, json = false } }) => {
    const max = limit === undefined ? undefined : parseWhole(limit, 1, Number.MAX_SAFE_INTEGER);
    if (limit !== undefined && max === undefined)
      throw new UsageError('--limit takes a whole number, 1 or more.');
    await onStorage((container) => printAuditLog(container.get(ReadAuditLog), { max, json }, print));
  },
  'throttle list': () => onThrottles((throttles) => throttles.list()),
  'throttle clear': ({ arguments: [name], options: { user, address } }) => {
    const [given, ...more] = [name, user, address].filter((each) => each !== undefined);
    if (given === undefined || more.length > 0)
      throw new UsageError('Expected one of NAME, --user, --address.');
    if (address === undefined) return onThrottles((throttles) => throttles.clearUser(given));
    const canonical = canonicalAddress(address.replace(/\/64$/, '')); // A network, as the list has it, is good, too.
    if (canonical === undefined) throw new UsageError('--address takes an IPv4 or IPv6 address.');
    return onThrottles((throttles) => throttles.clearAddress(canonical));
  },
  'keys new': ({ arguments: [file] }) => createKey(file, process.env['ALGORITHM']),
  'keys list': ({ arguments: [file] }) => listKeys(file),
  'keys promote': ({ arguments: [file, kid] }) => promoteKey(file, kid),
  'keys remove': ({ arguments: [file, kid] }) => removeKey(file, kid),
  'keys prune': ({ arguments: [file] }) => pruneKeys(file, process.env['REFRESH_TOKEN_LIFETIME']),
  export: async ({ options: { output } }) => {
    requireExportTarget(output);
    await onStorage((container) => exportData(container.get(ExportData), output));
  },
  import: async ({ options }) => {
    const { 'from-django': dump, owner, staff: takesStaff = false } = options;
    if (dump !== undefined) {
      if (options['skip-bad'])
        throw new UsageError('--skip-bad is for exports of Hexado, not for a dump of Django.');
      return onStorage((container) =>
        importFromDjango(container.get(ImportFromDjango), dump, { owner, takesStaff }),
      );
    }
    if (owner !== undefined) throw new UsageError('--owner is for a dump of Django: add --from-django FILE.');
    if (takesStaff) throw new UsageError('--staff is for a dump of Django: an export says who is staff.');
    requireImportSource();
    const skipBad = options['skip-bad'] === true;
    await onStorage((container) => importData(container.get(ImportData), { skipBad }));
  },
  'storage check': async ({ arguments: [specifier] }) => {
    const { checkStorage } = await import('./storage-check.js');
    await checkStorage(specifier);
  },
  'completion bash': () => print(completionScript('bash')),
  'completion zsh': () => print(completionScript('zsh')),
  'completion fish': () => print(completionScript('fish')),
  help: ({ arguments: [topic] }) => print(helpText(topic)),
  version: () => print(`${version}\n`),
};

async function run(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  if (command.name !== 'serve') releaseSignals();
  const file = envFileIn(args) ?? process.env['HEXADO_CONFIG']?.trim();
  // A worker has the settings from its supervisor, so that all workers have the same.
  const settings = file && cluster.isPrimary ? new SettingsFile(file, process.env) : undefined;
  settings?.apply(settings.read());
  rereadSettings = settings && ((log) => reread(settings, log));
  await handle(command);
}

/** Also reports an act, once it is done. */
async function handle<N extends CommandName>(command: CommandOf<N>): Promise<void> {
  let isDone = true;
  try {
    await handlers[command.name](command);
  } catch (error) {
    isDone = error instanceof PartlyDone || (error instanceof OutputError && error.done !== undefined);
    throw error;
  } finally {
    const { url: _, 'env-file': __, ...options }: Readonly<Record<string, unknown>> = command.options;
    const given: unknown[] = [...(command.arguments as readonly unknown[]), ...Object.values(options)];
    const subject = given.filter((each) => typeof each === 'string').join(' ') || undefined;
    // Nobody gets the right of staff without that the log says so.
    const act = options['staff'] ? `${command.name} --staff` : command.name;
    if (isDone && rowOf(command.name).isAct) await reportAct(act, subject);
  }
}

/** Runs a command on the storage of the environment. It needs no signing key. */
async function onStorage(command: Parameters<typeof withStorage>[2]): Promise<void> {
  const config = readConfig(process.env, { readKeys: false });
  const storage = await import('./with-storage.js');
  await storage.withStorage(config, clock, command);
}

function onUsers(command: (users: UserCommands) => Promise<void>): Promise<void> {
  const terminal = { readNewPassword, confirm, print, printDone, warn };
  return onStorage((container) => command(new UserCommands(container.get(ManageUsers), terminal)));
}

/** Runs a command that prints a link; `url` is what the link begins with. */
function onLinks(url: string | undefined, command: (links: LinkCommands) => Promise<void>): Promise<void> {
  const base = linkBase(url, readConfig(process.env, { readKeys: false }));
  return onStorage((container) => command(new LinkCommands(container.get(MakePasswordLink), base, print)));
}

function onThrottles(command: (throttles: ThrottleCommands) => Promise<void>): Promise<void> {
  const terminal = { print, printDone };
  return onStorage((container) => command(new ThrottleCommands(container.get(ManageThrottles), terminal)));
}

/** Starts the server or, with several workers, their supervisor. */
async function start(): Promise<void> {
  const config = readConfig(process.env);
  const output = new LogOutput((lost, code) =>
    log.warn({ lost, code }, `The log could not be written (${code}); ${lost} lines were lost`),
  );
  const log = await createLog(config.logLevel, output, process.stdout.isTTY);
  if (cluster.isPrimary) for (const warning of config.warnings) log.warn({}, warning);
  if (cluster.isPrimary && config.socketPath !== undefined) await removeStaleSocket(config.socketPath);
  if (cluster.isWorker || config.workers === 1) {
    const { serve } = await import('./serve.js');
    return serve(config, clock, log, output);
  }
  await superviseMetrics(config, log);
  const { workers, shutdownDelay, signingKeysFile } = config;
  const onRestart = () => (rereadSettings ? rereadSettings(log) : config);
  new ClusterSupervisor(workers, shutdownDelay, log, signingKeysFile, onRestart).start();
}

function fail(error: unknown): never {
  const { messages, code } = exitReport(error);
  for (const message of messages) warn(message);
  process.exit(code);
}

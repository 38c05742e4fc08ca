import { readdirSync, readFileSync } from 'node:fs';

/** What a process and all that descend from it use. */
export interface Usage {
  /** Milliseconds of CPU since the start, those of children that have ended included. */
  readonly cpuMs: number;
  /** Resident memory in bytes; what processes share is counted once for each. */
  readonly rss: number;
}

const msPerTick = 10; // Linux counts in hundredths of a second, whatever the kernel's own tick.
const bytesPerPage = 4096;

/** Reads what a process tree uses now, from /proc. */
export function usageOfTree(root: number): Usage {
  const processes = readProcesses();
  const tree = new Set([root]);
  // A child's id may be lower than its parent's, so that one pass may not find all.
  for (let size = 0; size < tree.size;) {
    size = tree.size;
    for (const { pid, parent } of processes) if (tree.has(parent)) tree.add(pid);
  }
  const members = processes.filter(({ pid }) => tree.has(pid));
  return {
    cpuMs: members.reduce((sum, { ticks }) => sum + ticks, 0) * msPerTick,
    rss: members.reduce((sum, { pages }) => sum + pages, 0) * bytesPerPage,
  };
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

function readProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readProcess(Number(pid)))
    .filter((process) => process !== undefined);
}

/** Undefined if the process has just ended. */
function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name, which is in parentheses and may hold anything: field 3 and the following of proc(5).
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const field = (number: number) => fields[number - 3] ?? 0;
    return {
      pid,
      parent: field(4),
      ticks: field(14) + field(15) + field(16) + field(17),
      pages: field(24),
    };
  } catch {
    return undefined;
  }
}

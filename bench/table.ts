/** A table in Markdown whose columns are aligned: those of figures to the right, all others to the left. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const columns = head.map((title, index) => {
    const cells = rows.map((row) => row[index] ?? '');
    return {
      width: Math.max(3, title.length, ...cells.map((cell) => cell.length)),
      holdsFigures: cells.every((cell) => /^(-?[\d–]|$)/.test(cell)) && index > 0,
    };
  });
  const line = (cells: readonly string[]) => {
    const padded = columns.map(({ width, holdsFigures }, index) => {
      const cell = cells[index] ?? '';
      return holdsFigures ? cell.padStart(width) : cell.padEnd(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = columns.map(({ width, holdsFigures }) =>
    holdsFigures ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** A number as short as its size deserves: 12,345 · 123 · 12.3 · 1.23; a dash if there is none. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function megabytes(bytes: number): string {
  return Number.isFinite(bytes) ? (bytes / 2 ** 20).toFixed(0) : '–';
}

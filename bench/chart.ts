import type { Measurements } from './measurement.js';
import { figure } from './table.js';

const width = 760;
const labelWidth = 120;
const barWidth = 480;
const rowHeight = 18;

/** An SVG with a bar per server and work: the requests it answers in a second, as a part of the fastest one's. */
export function chart(measurements: Measurements): string {
  const parts: string[] = [];
  let y = 0;
  for (const work of measurements.works) {
    const bars = measurements.servers
      .filter((server) => measurements.did(server, work))
      .map((server) => ({
        server,
        rate: measurements.median(server, work, 'requestsPerSecond'),
        cpu: measurements.median(server, work, 'cpuMs'),
      }));
    const fastest = Math.max(...bars.map(({ rate }) => rate));
    y += 26;
    parts.push(`<text x="0" y="${y}" class="work">${work}</text>`);
    for (const { server, rate, cpu } of bars) {
      y += rowHeight;
      const length = Math.max(1, Math.round((rate / fastest) * barWidth));
      const kind = server.startsWith('hexado') ? 'ours' : 'peer';
      parts.push(
        `<text x="${labelWidth - 8}" y="${y}" text-anchor="end">${server}</text>`,
        `<rect x="${labelWidth}" y="${y - 11}" width="${length}" height="14" class="${kind}"/>`,
        `<text x="${labelWidth + length + 6}" y="${y}">${figure(rate)} · ${figure(cpu)}</text>`,
      );
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 16}" role="img">
<title>Requests per second · CPU milliseconds per 1,000 requests</title>
<style>
  text { font: 12px sans-serif; fill: #555 }
  .work { font-weight: bold }
  .ours { fill: #2563eb }
  .peer { fill: #9ca3af }
</style>
${parts.join('\n')}
</svg>
`;
}

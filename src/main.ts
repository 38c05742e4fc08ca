import { holdSignals } from './runtime/held-signals.js';

// Loading the other modules takes most of the start. Until they are loaded, these signals would end the process.
holdSignals();
const { main } = await import('./cli/program.js');
main(process.argv.slice(2));

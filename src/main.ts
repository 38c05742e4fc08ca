#!/usr/bin/env -S node --max-semi-space-size=32
import { holdSignals } from './runtime/held-signals.js';

// Loading the rest takes most of the start, and these signals would end the process meanwhile.
holdSignals();
const { main } = await import('./cli/program.js');
main(process.argv.slice(2));

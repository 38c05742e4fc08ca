/** What all chance comes from: the same in each run, unless FUZZ_SEED is another number. */
export const seed = Number(process.env['FUZZ_SEED'] ?? 20_260_101);

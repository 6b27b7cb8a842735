import type { Figures } from './figures.js';
export async function fuzzLonger(_f: Figures, _o: { seed: number; limitMs: number }) {}

/** The transfer's events as they are, one JSON object a line on stderr. */
import { jsonLine } from '../json.js';
import type { Reporter, ReporterContext } from './reporter-parts.js';

export function createJsonReporter({ writer }: ReporterContext): Reporter {
  let isDone = false;
  return {
    report({ type, ...facts }) {
      if (!isDone) writer.write(`${jsonLine({ type, ...facts })}\n`);
    },
    clear() {},
    done() {
      isDone = true;
    },
  };
}

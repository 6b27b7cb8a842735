/** Makes the picture in the README anew: `npm run pictures`. It records a real run of the built program. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { framesOf } from './frames.js';
import { recordSession } from './session.js';
import { writeSvg } from './svg.js';

const TITLE =
  'A terminal: an upload is stopped at 40 per cent, calve status shows a map of its parts, and the same command continues it';
const PICTURE = join(import.meta.dirname, '../../../docs/session.svg');

const recording = await recordSession(40, 1000);
const svg = writeSvg(await framesOf(recording, 400), recording.columns, TITLE);
writeFileSync(PICTURE, svg);
process.stdout.write(`docs/session.svg: ${svg.length} bytes\n`);

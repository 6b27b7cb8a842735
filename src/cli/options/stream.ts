/** The options of streams, and of the size of their parts. `upload` and `resume` have them. */
import { flag, text, value, withVariables } from './declare.js';
import { optionGroup } from './group.js';
import { rare } from './headings.js';
import { sizeBytes, wholeNumber } from './parsers.js';

export const STREAM_OPTIONS = {
  fromCommand: flag('--from-command', 'send what a command prints, if it ends with 0'),
  name: text('--name <name>', 'name of the stream, as a file has one'),
};

export const PART_SIZE = withVariables({
  partSize: value(
    '--part-size <size>',
    'a power of two from 1M to 4G (default: auto)',
    (given): number | 'auto' => (given === 'auto' ? given : sizeBytes(given)),
  ),
});

/** The options of a new archive. `upload` and `fleet create` have them. */
export const PLAN = {
  ...PART_SIZE,
  ...withVariables({
    description: text('--description <text>', 'description in a vault (default: file name)'),
  }),
  ...rare(
    withVariables({
      maxParts: value(
        '--max-parts <n>',
        'most parts of an upload, 1 to 10000, for stores that take fewer',
        wholeNumber(1, 10_000),
      ),
    }),
  ),
};

export const streamOptions = optionGroup(STREAM_OPTIONS);

import { defineCommand } from '../../command.js';
import { choice, flag, repeatable, text, value } from '../../options/declare.js';
import { type OptionsOf, optionGroup } from '../../options/group.js';
import { durationMs, nameOf, sizeBytes, wholeNumber } from '../../options/parsers.js';

const ownOptions = optionGroup(
  {
    port: value('--port <n>', 'port to listen on; 0 takes any free one', wholeNumber(0, 65_535), '0'),
    dataDir: value(
      '--data-dir <dir>',
      'data folder (default: a temporary one, deleted at the end)',
      nameOf('folder'),
    ),
    vaults: repeatable('--vault <name>', 'create this vault (repeatable)'),
    accessKeyId: text('--access-key-id <id>', 'access key (default: a demo key, printed at start)'),
    secretAccessKey: text('--secret-access-key <secret>', 'secret of that access key'),
    signature: choice(
      '--signature <mode>',
      'check of signatures: verify refuses a wrong one',
      ['verify', 'lenient'],
      'verify',
    ),
    uploadTtlMs: value(
      '--upload-ttl <time>',
      'time after which an idle upload expires (default: 24h)',
      durationMs,
    ),
    signatureWindowMs: value(
      '--signature-window <time>',
      'time for which a signature is valid (default: 5m)',
      durationMs,
    ),
    faults: repeatable('--fault <spec>', 'misbehave, for example throttle@upload-part:3 (repeatable)'),
    latencyMs: value('--latency <time>', 'delay before every answer', durationMs),
    bandwidth: value(
      '--bandwidth <rate>',
      'bytes a second that all connections together may send, for example 5M',
      sizeBytes,
    ),
    stopOnEof: flag(
      '--stop-on-eof',
      'stop when standard input ends, as it does when the parent process ends',
    ),
  },
  (values, given) => {
    const { accessKeyId, secretAccessKey } = values;
    if ((accessKeyId === null) !== (secretAccessKey === null)) {
      // The missing half is named: the value of the other one may be a secret.
      const missing = accessKeyId === null ? '--access-key-id' : '--secret-access-key';
      given.refuse(missing, 'give both --access-key-id and --secret-access-key');
    }
    return values;
  },
);

/** The library reads the same groups. */
export const groups = { own: ownOptions };

export type Options = OptionsOf<typeof groups>;

export const emulator = defineCommand({
  name: 'emulator',
  description: 'Run a Glacier REST server on loopback, for trials and tests.',
  examples: [
    {
      line: 'calve emulator --data-dir /tmp/vaults --vault photos',
      meaning: 'Keeps the vault photos in a folder.',
    },
    {
      line: 'calve emulator --fault throttle@upload-part:3',
      meaning: 'Refuses the third part with a throttling error.',
    },
  ],
  groups,
  load: async () => (await import('./run.js')).emulator,
});

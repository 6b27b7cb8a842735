/** The parts of the manual that --help does not have, as paragraphs. */

export const TARGETS: readonly (readonly [form: string, meaning: string])[] = [
  ['glacier://VAULT', 'a vault of Amazon Glacier'],
  ['s3://BUCKET/KEY', 'an object of Amazon S3, or of a store that speaks its protocol'],
  ['obs://BUCKET/KEY', 'an object of Huawei OBS'],
  ['local://VAULT', 'a vault of the emulator inside calve, on this disk; it needs no account'],
];

export const DESCRIPTION: readonly string[] = [
  'calve splits files into parts, hashes the parts, sends them in parallel to cold storage, and records what has arrived. It can be stopped or killed at any moment: the same command line continues.',
  'Only the result goes to standard output: the archive id or the URL of the object, one line for each file, or JSON with --json. Everything else goes to standard error.',
  'A key that ends in / takes the name of the file. These are the forms of TARGET:',
];

export const VALUES: readonly string[] = [
  'A size or a rate is an integer and an optional unit: K, M, G or T, or KiB, MiB, GiB or TiB. All of them are binary. A time is an integer and a unit: ms, s, m, h, d or w.',
  'An option wins over its variable. A variable of a switch sets it, unless its value is empty, 0, false or no. An option that the target does not use is refused; a variable may be set for other targets.',
];

export const FILES: readonly (readonly [path: string, meaning: string])[] = [
  ['~/.local/state/calve', 'unfinished uploads and locks (--state-dir)'],
  ['~/.local/share/calve/archives', 'the catalogue: the ids of all archives (--catalogue)'],
  ['~/.local/share/calve/vaults', 'the vaults of local:// (--local-dir)'],
];

/** More about a command, by its name. */
export const COMMAND_DETAILS: Readonly<Record<string, readonly string[]>> = {
  upload: [
    'The same line can be run again, for example by cron. For each file it does the first of these that applies: it continues the unfinished upload of the same file to the same target; if the file is archived there already, it sends nothing and prints the recorded id; else it creates a new upload. With --fresh it always creates one.',
    'A stream cannot be read twice. If it fails or is stopped, calve aborts its upload. With --from-command, an archive is made only if the command ends with 0.',
    'Several files are sent together, and each of them is tried. The exit number is that of the first failure.',
  ],
  resume: [
    'The target, the region and the size of the parts are recorded, so that resume needs no options. With --upload-id it continues an upload that only the service knows. A part is not sent again if the service lists it with the hash of the same bytes.',
  ],
  abort: [
    'Only uploads that are named are aborted, and never one that another calve is sending. --older-than and --all ask before they abort; without a terminal they need --yes.',
  ],
  archives: [
    'A date stands for the whole day, in UTC. An import adds what the catalogue does not have, and can be repeated. With --format mtglacier, --export and --import write and read the journal of mtglacier.',
  ],
  audit: [
    'A bucket is listed at once. A vault needs some hours for its inventory: the first run asks for it and ends with 3, and a later run reads it. The exit number is 16 if an archive is missing, and 14 if one has other content.',
  ],
  fleet: [
    'One machine creates the upload and a manifest. Every machine that has the file and the manifest sends a share of the parts, at the same time as the others. When all parts are on the service, one machine finishes: it checks each part, and makes one archive.',
    'create, send, status and finish can be repeated. If a machine fails, another one sends its share. Nothing is completed if a machine had another file.',
  ],
  'fleet create': [
    'The manifest names the upload and its shares. Every machine of the fleet reads it. Run again with the same manifest, create prints the id of the same upload.',
  ],
  'fleet send': [
    'A scheduler names the share: SLURM_ARRAY_TASK_ID, AWS_BATCH_JOB_ARRAY_INDEX, JOB_COMPLETION_INDEX, or PARALLEL_SEQ. The run can be repeated, run twice at once, or be killed: parts that the service holds are not sent again.',
  ],
  'fleet finish': [
    'Every part must be on the service, and its checksum must be that of a receipt or of the file. If parts are missing, the exit number is 3, and calve prints the lines that send them. If a machine had another file, it is 13, and nothing is completed.',
  ],
  check: ['Nothing is written to the service, unless --write is given.'],
  emulator: [
    'The server speaks the protocol of Glacier on 127.0.0.1, and prints its address and its credentials. It ends with SIGINT or SIGTERM.',
  ],
};

/** More about an option, by its long name: --help has one line for each. */
export const OPTION_DETAILS: Readonly<Record<string, string>> = {
  '--part-size':
    'A part of an object has 8M or more. With auto, a part has 16M, or more where the file would have too many parts.',
  '--description': 'It is ASCII, and at most 1,024 characters. An object has none.',
  '--name':
    'The catalogue shows it. It is also the description of the archive in a vault, or the end of the key.',
  '--fresh': 'Without it, an unfinished upload is continued, and a file that is archived already is skipped.',
  '--dry-run': 'Nothing is written. Each file is reported as continue, skip or new.',
  '--concurrency': 'All files of a run share them.',
  '--limit-rate': 'It holds for all parts together.',
  '--give-up-after':
    'Without it, a run in which nothing has got through from the start ends after --max-attempts. With it, the time counts there, too.',
  '--lock-wait': 'Without it, a run that finds its upload in use by another calve ends with 11 at once.',
  '--recursive': 'The path of a file below its folder becomes its key or its description.',
  '--files-from': 'Each line is a name; with --null, each name ends with a NUL byte.',
  '--region': 'For s3:// with an endpoint of another store it is us-east-1, if nothing names it.',
  '--quiet': 'There is no progress, and there are no notices.',
};

/** Words of the command line as a program understands them: `partSize` for `--part-size`, a stream for standard input. */

/** Phrases about things that only a command line has. */
const PHRASES: readonly (readonly [ofCommand: string, ofProgram: string])[] = [
  ['it is for standard input and --from-command', 'it is for a stream'],
  ['- is the word for standard input, which has no name', '- stands for a stream without a name'],
  ['run the whole pipeline again with calve upload', 'call upload again with a new stream'],
  ['run the whole pipeline again with', 'call upload again with a new stream and'],
  ['run calve upload', 'call upload'],
  ['see the answer of the service above', 'see the answer of the service'],
  ['with --profile', 'in the option profile'],
  ['standard input', 'the stream'],
  ['run the same calve command again', 'make the same call again'],
  ['run the same command again', 'make the same call again'],
  ['with the output of --debug', 'with the stack of its cause'],
  [
    'calve --help lists the commands, calve COMMAND --help lists the options of one',
    'docs/library.md describes the functions',
  ],
  // Only the command line walks folders.
  ['upload --recursive sends', 'calve upload --recursive sends'],
];

/** Another program's option. */
const NO_OPTION = 'split --bytes';

/** A command line starts at `calve COMMAND` and ends with its clause. A quotation in it may contain anything. */
const TOKEN =
  /\bcalve (?=(?:abort|archives|audit|check|completion|emulator|fleet|hash|list-parts|list-uploads|resume|status|upload|verify)\b)|[;,] |'(?:[^'\\]|\\.)*'|(?<![\w-])--[a-z][a-z-]*=?/g;

/** @param before the text between the last flag and this one */
function jointOf(before: string): string {
  if (before === ' ') return 'and ';
  return /\b(upload|resume|abort) $/.test(before) ? 'with ' : '';
}

function withoutFlags(text: string, nameOf: (long: string) => string): string {
  let words = '';
  let at = 0;
  let isCommandLine = false;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const [token] = match;
    if (token.startsWith('calve')) isCommandLine = true;
    else if (/^[;,]/.test(token)) isCommandLine = false;
    // An apostrophe of a sentence quotes nothing.
    else if (token.startsWith("'")) TOKEN.lastIndex = isCommandLine ? TOKEN.lastIndex : match.index + 1;
    else if (!isCommandLine) {
      const before = text.slice(at, match.index);
      const name = token.endsWith('=') ? `${nameOf(token.slice(0, -1))}: ` : nameOf(token);
      words += `${before}${jointOf(before)}${name}`;
      at = TOKEN.lastIndex;
    }
  }
  return words + text.slice(at);
}

/**
 * Returns the words of the command line as those of a program. Command lines in them (`calve …`) stay.
 * @param verbatim texts that are no words of calve: names of files, answers of a service
 * @param nameOf returns the name of an option in a program, by its flag
 */
export function programWords(
  text: string,
  verbatim: readonly string[],
  nameOf: (long: string) => string,
): string {
  const kept = [...verbatim, NO_OPTION].filter((each) => /--|standard input|run the same/.test(each));
  const marks = kept.map((_, i) => `\uE000${i}\uE001`);
  let words = text;
  for (const [i, each] of kept.entries()) words = words.replaceAll(each, () => marks[i] ?? '');
  for (const [ofCommand, ofProgram] of PHRASES) words = words.replaceAll(ofCommand, ofProgram);
  words = withoutFlags(words, nameOf);
  for (const [i, each] of kept.entries()) words = words.replaceAll(marks[i] ?? '', () => each);
  return words;
}

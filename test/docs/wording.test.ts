// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the examples are source text.
/** Everything that a person reads is plain English: comments, messages, titles of tests, documents and help. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, test } from 'node:test';
import type { Command } from 'commander';
import type { Io } from '../../src/cli/io.js';
import { commandName, leafCommands } from '../../src/cli/options/given.js';
import { buildProgram } from '../../src/cli/program.js';
import {
  commentsOf,
  helpEntriesOf,
  messagesOf,
  type Prose,
  paragraphsOf,
  titlesOf,
} from '../support/prose.js';
import { checkWording, report } from '../support/wording.js';

const ROOT = join(import.meta.dirname, '../../..');

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

function assertPlain(files: readonly string[], read: (text: string) => Prose[]): void {
  assert.ok(files.length > 0);
  const findings = files.flatMap((file) => checkWording(file, read(readFileSync(join(ROOT, file), 'utf8'))));
  assert.equal(findings.length, 0, report(findings));
}

function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  assert.match(help, /^Usage: calve/);
  return help;
}

describe('Plain English', () => {
  test('is what the README, the documents and the changelog are written in', () => {
    const files = [...filesBelow('docs', '.md'), ...filesBelow('examples', '.md')];
    assertPlain(['README.md', 'CHANGELOG.md', ...files], paragraphsOf);
  });

  test('is what comments and messages in src are written in', () => {
    assertPlain(filesBelow('src', '.ts'), (source) => [...commentsOf(source), ...messagesOf(source)]);
  });

  test('is what the titles of tests are written in', () => {
    const files = filesBelow('test', '.test.ts').filter((file) => !file.endsWith('docs/wording.test.ts'));
    assertPlain([...files, ...filesBelow('test', '-contract.ts')], titlesOf);
  });

  test('is what --help of every command prints', () => {
    const { command: program } = buildProgram({} as Io, '0');
    const findings = [program, ...program.commands, ...leafCommands(program)].flatMap((command) => {
      const name = command === program ? 'calve' : `calve ${commandName(command)}`;
      return checkWording(`${name} --help`, helpEntriesOf(helpOf(command)));
    });
    assert.equal(findings.length, 0, report(findings));
  });

  test('fits on lines of about 120 characters in Markdown', () => {
    const LONGEST = 125;
    const long = ['README.md', 'CHANGELOG.md', ...filesBelow('docs', '.md')].flatMap((file) =>
      readFileSync(join(ROOT, file), 'utf8')
        .split('\n')
        .map((text, index) => ({ text, at: `${file}:${index + 1}: ${text.length} characters` }))
        .filter(({ text }) => text.length > LONGEST && !/^ *\||^Measured by/.test(text)),
    );
    assert.deepEqual(
      long.map(({ at }) => at),
      [],
    );
  });
});

describe('The checker of wording', () => {
  const inSource = (source: string) =>
    checkWording('a.ts', [...commentsOf(source), ...messagesOf(source)]).map(
      ({ line, found }) => `${line} ${found}`,
    );
  const inMarkdown = (text: string) =>
    checkWording('a.md', paragraphsOf(text)).map(({ line, found }) => `${line} ${found}`);
  const inTitles = (source: string) => checkWording('a.test.ts', titlesOf(source)).map(({ found }) => found);

  const BAD: readonly (readonly [source: string, finding: string])[] = [
    ['// It is sent anew.', '1 anew'],
    ['/** Fails,\n * lest it be lost. */', '2 lest'],
    ['const a = 1; // An upload is begun.', '1 begun'],
    ['/** Begins another upload. */', '1 Begins another upload'],
    ['/** The upload\n * begins. */', '1 upload begins'],
    ['/** Drops the upload. */', '1 Drops the upload'],
    ['// A vault is none.', '1 is none'],
    ['/** It tells of\n * nothing. */', '1 tells of'],
    ["fail('the line came to nothing');", '1 came to nothing'],
    ['const text = `part ${index} is needless now`;', '1 needless'],
    ['const text = `${a ? `was told ${b}` : "x"} and mended it`;', '1 told'],
    ['const pattern = /[\'"`]/; // Was told.', '1 told'],
    ['const quotient = a / b; // Told\nconst other = c / d;', '1 Told'],
    ['/** Whether it is gone. */', '1 Whether …'],
    ['// what is left of it', '1 what …'],
    ['/** How long it takes. Is it? */', '1 How …'],
    ['/**\n * Where it lies.\n */', '2 Where …'],
    ['// Of vaults alone.', '1 Of …'],
    ['// First line,\n// told on the second.', '2 told'],
    ['/**\n * Waits.\n * @param timeMs how long it waits\n */', '3 how …'],
    ['/** @throws what the client throws */', '1 what …'],
  ];
  for (const [source, finding] of BAD) {
    test(`finds "${finding.slice(2)}" in ${JSON.stringify(source)}`, () => {
      assert.equal(inSource(source)[0], finding);
    });
  }

  const GOOD: readonly string[] = [
    '// A tool of the west tells a stranger from a friend; manifold, mendicant, lestrade.',
    "if (event.type === 'begun') return 'expired-begun-anew';",
    'const begun = told(anew, lest); mend.needless.weather();',
    '// The event `begun` and \'begun\', as the service says: "your upload was begun anew".',
    '// There is none. None of them is left, and there was none of these.',
    '// No more than ten parts, and no more parts than that.',
    '/** Why is it sent twice? Because the answer was lost. */',
    '// What is a part?',
    '// Ratios carry over; a plan is carried out.',
    '// However long it takes. Often. Whatever it is.',
    '/** @param what the path or the id @returns the whole @throws whatever the client throws */',
    'const url = "https://example.com/told"; const path = /told|begun anew/;',
    "import { told } from './told-anew.js';",
    '/** The list begins with a header; each line begins on a MiB. */',
    "const text = `${begun === 'told' ? 1 : 2} parts were sent`;",
    'const regex = value.replace(/[/*"]/g, ""); // Escapes.',
  ];
  for (const source of GOOD) {
    test(`finds nothing in ${JSON.stringify(source)}`, () => {
      assert.deepEqual(inSource(source), []);
    });
  }

  test('reads paragraphs, lists, tables and the comments of blocks of code in Markdown', () => {
    const text = [
      '# It is told',
      '',
      'A line that',
      'begins an upload, and `begun` and "begun".',
      '',
      '    calve told begun   # and sends it anew',
      '',
      '- Of two uploads one waits.',
      '  It was begun.',
      '| mended | `mend` |',
    ];
    assert.deepEqual(inMarkdown(text.join('\n')), [
      '1 told',
      '4 begins an upload',
      '6 anew',
      '8 Of …',
      '9 begun',
      '10 mended',
    ]);
  });

  test('reads the titles of tests, and no other text of theirs', () => {
    const source = "describe('anew', () => { test(`begun ${x}`, () => { run('told and told'); }); });";
    assert.deepEqual(inTitles(source), ['anew', 'begun']);
    assert.deepEqual(inTitles("t.test('mended', async () => {}); latest('told');"), ['mended']);
    assert.deepEqual(inTitles("fact('sent anew', async (home) => {}); artefact('told');"), ['anew']);
  });

  test('unwraps the descriptions of a help text', () => {
    const help =
      'Usage: calve x\n\nOptions:\n  --a <n>   of a stream, at\n            least\n  --b       is\n            told\n';
    const found = checkWording('calve x --help', helpEntriesOf(help)).map(
      (each) => `${each.line} ${each.found}`,
    );
    assert.deepEqual(found, ['4 of …', '6 told']);
  });

  test('reports every finding with file, line and the words to use, and the number for each folder', () => {
    const findings = checkWording('src/cli/main.ts', commentsOf('// Told.\n\n// Mended anew.'));
    assert.match(report(findings), /^3 texts .*\nsrc\/cli\/main\.ts:1: "Told": use reported/);
    assert.match(report(findings), /\nsrc\/cli\/main\.ts:3: "anew": use again\nsrc\/cli: 3$/);
  });
});

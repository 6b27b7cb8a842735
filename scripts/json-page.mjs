/**
 * Writes the tables of docs/json.md from schemas/calve.schema.json, so that both say the same. A test fails if the page is
 * older than the schema: then run `npm run json-page`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const ROOT = join(import.meta.dirname, '..');
const PAGE = join(ROOT, 'docs/json.md');
const SCHEMA = join(ROOT, 'schemas/calve.schema.json');

/** A comment in the page starts a part that is written here, and the comment `end` ends it. */
const PARTS = /(<!-- schema: ([a-z-]+) -->\n).*?(<!-- end -->)/gs;

/** Returns the page with its generated parts. */
export function renderPage(page, schema) {
  const parts = {
    output: () => sections(schema, namesIn(schema, 'output')),
    progress: () => sections(schema, namesIn(schema, 'progress')),
    notices: () => noticeTable(schema),
    kinds: () => table(['`kind`', 'meaning'], schema.$defs['error-kind'].oneOf.map(choiceRow)),
  };
  return page.replace(PARTS, (_, start, name, end) => `${start}\n${parts[name]()}\n${end}`);
}

function namesIn({ $defs }, list) {
  return $defs[list].oneOf.map(nameOf).filter((name) => name !== 'notice');
}

function nameOf({ $ref }) {
  return $ref.replace('#/$defs/', '');
}

function sections({ $defs }, names) {
  return names.map((name) => section($defs, name)).join('\n');
}

function section($defs, name) {
  const { description, properties } = $defs[name];
  const rows = Object.entries(properties)
    .filter(([, property]) => property.const === undefined && !isTimeOfLine(name, property))
    .map(([key, property]) => [`\`${key}\``, formOf($defs, property), property.description]);
  return `### ${properties.type.const}\n\n${description}\n\n${table(['key', 'form', 'meaning'], rows)}`;
}

/** Every line of progress has its time, so that the page has it once. */
function isTimeOfLine(name, property) {
  return name.startsWith('progress-') && /time of day/.test(property.description);
}

function formOf($defs, property) {
  return property.title ?? $defs[nameOf(property)].title;
}

const OF_EVERY_NOTICE = ['type', 'time', 'notice', 'file', 'message'];

function noticeTable({ $defs }) {
  const rows = $defs.notice.oneOf.map(nameOf).map((name) => {
    const { description, properties } = $defs[name];
    const facts = Object.entries(properties)
      .filter(([key]) => !OF_EVERY_NOTICE.includes(key))
      .map(([key, property]) => `\`${key}\` (${formOf($defs, property)}): ${property.description}`);
    return [`\`${properties.notice.const}\``, description, facts.join(' ')];
  });
  return table(['`notice`', 'meaning', 'keys'], rows);
}

function choiceRow({ const: value, description }) {
  return [`\`${value}\``, description];
}

/** Columns have the width of their widest cell, as in the other documents. */
function table(heads, rows) {
  const lines = [heads, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = heads.map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const [head, ...body] = lines.map(line);
  return `${[head, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n')}\n`;
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(PAGE, renderPage(readFileSync(PAGE, 'utf8'), JSON.parse(readFileSync(SCHEMA, 'utf8'))));
}

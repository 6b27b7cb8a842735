/** The options that choose archives of the catalogue, and sort them. */
import { InvalidArgumentError } from 'commander';
import { type Moment, parseMoment } from '../../core/moment.js';
import { parseTargetUrl, storesObjects } from '../../core/target-url.js';
import { SORT_KEYS } from '../../transfer/archive-filter.js';
import { systemClock } from '../clock.js';
import { choice, flag, text, value } from './declare.js';
import { optionGroup } from './group.js';
import { nameOf, type Parser } from './parsers.js';

const moment: Parser<Moment> = (given) => {
  const parsed = parseMoment(given, systemClock.nowMs());
  if (parsed !== null) return parsed;
  throw new InvalidArgumentError(
    'it takes a date such as 2026-01-31, a time such as 2026-01-31T18:00, or an age such as 30d',
  );
};

/** Returns the one spelling of a target, which the catalogue has. A bucket without a key stands for all of its keys. */
const wantedTarget: Parser<string> = (given) => {
  const { url, scheme, key } = parseTargetUrl(given);
  return storesObjects(scheme) && key === '' ? `${url}/` : url;
};

export const filterOptions = optionGroup({
  target: value('--target <url>', 'only this vault, bucket or object, or the keys below KEY/', wantedTarget),
  path: value('--path <glob>', "only files whose path matches, for example '/srv/**/*.tar'", nameOf('path')),
  since: value(
    '--since <time>',
    'only archives of this time or later: a date, a time, or an age (30d)',
    moment,
  ),
  until: value('--until <time>', 'only archives of this time or earlier', moment),
  archiveId: value('--archive-id <id>', 'only the archive with this id', nameOf('archive')),
  description: text('--description <text>', 'only archives whose description contains this text'),
  sort: choice('--sort <key>', 'sort by this', SORT_KEYS, 'archived'),
  reverse: flag('--reverse', 'reverse the order'),
});

/** The options of this group without --target, which also names the vault of an import. */
export const FILTERS = [
  '--path',
  '--since',
  '--until',
  '--archive-id',
  '--description',
  '--sort',
  '--reverse',
];

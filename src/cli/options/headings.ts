/** The headings of --help, and the options that only --help-all and the manual show. */
import type { Option } from 'commander';

/** In the order of --help. Options of a single command have the first heading, unless it names another one. */
const HEADINGS = [
  'Options:',
  'Folders and lists:',
  'Objects (S3, OBS):',
  'Folders of calve:',
  'Service options:',
  'Retry options:',
  'Output options:',
] as const;

type Heading = (typeof HEADINGS)[number];
type Declared = Readonly<Record<string, Option>>;

const rareOptions = new WeakSet<Option>();

/** Puts options below a heading. */
export function below<D extends Declared>(heading: Heading, declared: D): D {
  for (const option of Object.values(declared)) option.helpGroup(heading);
  return declared;
}

/** Leaves options out of the --help of commands that have many options. */
export function rare<D extends Declared>(declared: D): D {
  for (const option of Object.values(declared)) rareOptions.add(option);
  return declared;
}

export function isRare(option: Option): boolean {
  return rareOptions.has(option);
}

/** Returns the options in the order of their headings. Within a heading, the order stays. */
export function inOrderOfHeadings(options: readonly Option[]): readonly Option[] {
  const rank = ({ helpGroupHeading = HEADINGS[0] }: Option): number =>
    HEADINGS.indexOf(helpGroupHeading as Heading);
  return [...options].sort((a, b) => rank(a) - rank(b));
}

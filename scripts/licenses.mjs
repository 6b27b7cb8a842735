// Collects the licences of the packages inside the bundle, which the package of calve must reproduce.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE_FOLDER = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/;
const LICENSE_FILE = /^licen[cs]e(\.\w+)?$/i;

/**
 * Returns the folders of the packages that modules come from.
 * @param moduleIds paths of bundled modules; some are names that the bundler made, which have no file
 */
function packageFolders(moduleIds) {
  const folders = moduleIds.map((id) => PACKAGE_FOLDER.exec(id)?.[0]);
  return [...new Set(folders)].filter((folder) => folder !== undefined && existsSync(folder)).sort();
}

function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => LICENSE_FILE.test(each));
  const text = file === undefined ? null : readFileSync(join(folder, file), 'utf8').trim();
  return { title: `${name} ${version}`, license, text };
}

/**
 * Returns one text with every licence once, below the packages that have it.
 * @throws Error if a package has no licence file, and no other package has a text of the same licence
 */
export function licensesOf(moduleIds) {
  const packages = packageFolders(moduleIds).map(readPackage);
  const titles = new Map();
  for (const { title, license, text } of packages) {
    // Some packages of the AWS SDK name the licence, but come without its text, which their neighbours have.
    const own = text ?? packages.find((each) => each.license === license && each.text !== null)?.text;
    if (own === undefined) throw new Error(`${title}: there is no text of its licence (${license})`);
    titles.set(own, [...(titles.get(own) ?? []), `${title} (${license})`]);
  }
  const parts = [...titles].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return ['The program contains these packages, each under its own licence.\n', ...parts].join(
    `\n${'-'.repeat(72)}\n\n`,
  );
}

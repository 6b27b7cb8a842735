/** Manifests of Kubernetes, checked by the types of its API: it drops fields that it does not know, without a word. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../..');

/** Returns the faults that the compiler finds in a manifest, which is '' if there are none. */
export function compileManifest(folder: string, kind: 'CronJob' | 'Job', manifest: object): string {
  const types = JSON.stringify(join(ROOT, `node_modules/kubernetes-models/batch/v1/${kind}`));
  const file = join(folder, 'manifest.ts');
  writeFileSync(
    file,
    `import type { I${kind} } from ${types};\nexport const manifest: I${kind} = ${JSON.stringify(manifest)};\n`,
  );
  const options = ['--noEmit', '--skipLibCheck', '--strict', '--ignoreConfig'];
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), [...options, file], { encoding: 'utf8' });
  return stdout;
}

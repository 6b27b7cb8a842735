/** Loads the bundled library into a context with globals of its own, as Jest and vitest (`vmThreads`) load packages. */
import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { compileFunction, createContext, runInContext } from 'node:vm';

const BUNDLE = join(import.meta.dirname, '../../../dist/calve');

/** The globals that are Node's, and no part of the language. Runners give them to a context; errors and arrays are its own. */
function contextLikeThatOfJest(): object {
  const context = createContext({});
  const own = new Set(runInContext('Object.getOwnPropertyNames(globalThis)', context) as string[]);
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (own.has(name)) continue;
    const get = (): unknown => Reflect.get(globalThis, name);
    Object.defineProperty(context, name, { get, configurable: true, enumerable: true });
  }
  // Jest gives these two, because a Buffer is one of them.
  Object.assign(context, { ArrayBuffer, Uint8Array });
  return context;
}

/**
 * Returns a function that loads files of the bundle into one context. It has no `import()`: Node refuses that in a
 * context, as it does in Jest.
 */
export function openRealm(): (file: string) => unknown {
  const context = contextLikeThatOfJest();
  const loaded = new Map<string, { exports: unknown }>();
  const nodeRequire = createRequire(import.meta.url);
  const load = (path: string): unknown => {
    const known = loaded.get(path);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    loaded.set(path, module);
    const names = ['exports', 'require', 'module', '__filename', '__dirname'];
    const options = { filename: path, parsingContext: context };
    const run = compileFunction(readFileSync(path, 'utf8'), names, options);
    const require = (name: string): unknown =>
      isBuiltin(name) ? nodeRequire(name) : load(join(dirname(path), name));
    run(module.exports, require, module, path, dirname(path));
    return module.exports;
  };
  return (file) => load(join(BUNDLE, file));
}

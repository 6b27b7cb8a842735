/**
 * Lets the packages inside the bundle recognise errors of Node also where a test runner loads the bundle into a context
 * with globals of its own (Jest): the AWS SDK would else replace a lost connection by an error without its code.
 * src/core/is-error.ts does the same for calve's own code.
 */
export function errorsOfAnyRealm() {
  const comparison = /([\w.]+) instanceof Error\b/g;
  return {
    name: 'errors-of-any-realm',
    transform: {
      filter: { id: /[\\/]node_modules[\\/]/, code: / instanceof Error\b/ },
      handler(code) {
        const isError = '($1 instanceof Error || nodeTypes.isNativeError($1))';
        return `import { types as nodeTypes } from 'node:util';\n${code.replaceAll(comparison, isError)}`;
      },
    },
  };
}

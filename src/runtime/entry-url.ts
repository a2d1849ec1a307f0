/**
 * The file `name` beside the module at `moduleUrl`, with that module's own extension: `.ts` in the source tree, `.js`
 * in the build, where TypeScript's rewriting of import extensions does not reach into `new URL(…)`. Every thread and
 * forked process starts from it.
 *
 * @example
 * new Worker(entryUrl(import.meta.url, 'onnx-thread'))
 */
export function entryUrl(moduleUrl: string, name: string): URL {
  const { pathname } = new URL(moduleUrl)
  return new URL(`./${name}${pathname.slice(pathname.lastIndexOf('.'))}`, moduleUrl)
}

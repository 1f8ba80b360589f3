import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/**
 * Imports of files that start a process, listen, or measure the processor. A test with one of these, even through the kit,
 * takes time.
 */
const takesTime = [
  /from 'node:(?:child_process|http|https|tls|worker_threads)'/,
  /from 'ssh2'/,
  /\b(?:connect|createServer)\b[^'\n]*\} from 'node:net'/,
  /from '[./]*\/kit\/costly\.ts'/,
]
const relativeImport = /(?:from|import) '(\.[^']+)'|import\('(\.[^']+)'\)/g

/**
 * The tests below a folder that need processes, sockets or much processor time, as paths that begin with `folder`. They are
 * a tier of their own, so that all others end within a minute. Only imports of tests and the kit count; product code that
 * could start a process does not.
 */
export function processTests(folder: string): readonly string[] {
  const files = new Map<string, { readonly takesTime: boolean; readonly imports: readonly string[] }>()
  const read = (path: string) => {
    const text = readFileSync(path, 'utf8')
    const paths = [...text.matchAll(relativeImport)].map(([, static_, dynamic]) =>
      resolve(dirname(path), static_ ?? dynamic ?? ''),
    )
    return {
      takesTime: takesTime.some(pattern => pattern.test(text)),
      imports: paths.filter(imported => imported.startsWith(resolve(folder))),
    }
  }
  const needsTime = (test: string): boolean => {
    const reached = new Set([resolve(test)])
    for (const path of reached) {
      const file = files.get(path) ?? read(path)
      files.set(path, file)
      if (file.takesTime) return true
      for (const imported of file.imports) reached.add(imported)
    }
    return false
  }
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.test.ts'))
  return names.map(name => join(folder, name)).filter(needsTime)
}

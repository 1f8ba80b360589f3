import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const handbookFolder = fileURLToPath(new URL('../../docs/operations', import.meta.url))

/** The commands that a page shows in its blocks of sh, line by line. */
export function commandsOn(page: string): readonly string[] {
  const text = readFileSync(join(handbookFolder, `${page}.md`), 'utf8')
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.trimEnd().split('\n'))
}

/**
 * The words of a command of the handbook after `evcctl`. `names` takes the place of names in it, e.g. `cluster.yaml`. Throws
 * if the page does not show that command. test/handbook.test.ts finds the calls in the tests, so both arguments are literals.
 */
export function handbook(page: string, command: string, names: Readonly<Record<string, string>>): string[] {
  if (!commandsOn(page).includes(command)) throw new Error(`docs/operations/${page}.md does not show: ${command}`)
  const unused = Object.keys(names).filter(name => !command.includes(name))
  if (unused.length > 0) throw new Error(`${command} does not have: ${unused.join(', ')}`)
  const [program, ...words] = command.split(' ')
  if (program !== 'evcctl') throw new Error(`Not a command of evcctl: ${command}`)
  // All at once, since one name may take the place of another. None is a part of another one.
  const anyName = new RegExp(Object.keys(names).join('|').replaceAll('.', '\\.') || '$^', 'g')
  return words.map(word => word.replace(anyName, name => names[name] ?? name))
}

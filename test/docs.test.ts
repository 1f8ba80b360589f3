import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** Paths of all files below a folder that end in this way. */
function filesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ending))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
}

const docs = ['README.md', 'CONTRIBUTING.md', 'test/kit/README.md', ...filesIn('docs', '.md')]
const folders = ['src', 'roles', 'distributions', 'playbooks', 'test', 'scripts', 'docs', 'bench', 'bin']

// Blocks of code are examples.
const textOf = (doc: string) => read(doc).replaceAll(/^```[\s\S]*?^```/gm, '')
const quotedIn = (doc: string) => [...textOf(doc).matchAll(/`([^`]+)`/g)].map(([, quoted = '']) => quoted)
/** Stands for something in a path: `<name>`, `NAME`, `*`. */
const placeholder = /[<*]|\b[A-Z]{4,}\b/

/** As GitHub makes anchors of headings. */
function anchorsOf(doc: string): readonly string[] {
  return [...read(doc).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

test('links in the docs lead to files and headings that are there', () => {
  const broken = docs.flatMap(doc =>
    [...textOf(doc).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter(link => !/^[a-z]+:/.test(link))
      .filter(link => {
        const [path = '', anchor] = link.split('#')
        const target = path === '' ? doc : join(dirname(doc), path)
        if (!existsSync(join(root, target))) return true
        return anchor !== undefined && !anchorsOf(target).includes(anchor)
      })
      .map(link => `${doc}: ${link}`),
  )
  expect(broken).toEqual([])
})

test('files and folders that the docs name are there', () => {
  const missing = docs.flatMap(doc =>
    quotedIn(doc)
      .flatMap(quoted => quoted.split(/\s+/))
      .filter(word => folders.some(folder => word.startsWith(`${folder}/`)) && !placeholder.test(word))
      .filter(path => !existsSync(join(root, path)))
      .map(path => `${doc}: ${path}`),
  )
  expect(missing).toEqual([])
})

test('functions that the design pages name are in the code', () => {
  const sources = ['src', 'roles', 'distributions', 'playbooks', 'test']
    .flatMap(folder => filesIn(folder, '.ts'))
    .map(read)
  const words = new Set(sources.flatMap(source => source.match(/\b[A-Za-z]\w*\b/g) ?? []))
  const unknown = docs
    .filter(doc => doc.startsWith('docs/') || doc === 'CONTRIBUTING.md')
    .flatMap(doc =>
      quotedIn(doc)
        .flatMap(quoted => /(\w+)\([^)]*\)$/.exec(quoted)?.[1] ?? [])
        .filter(name => !words.has(name) && !placeholder.test(name))
        .map(name => `${doc}: ${name}()`),
    )
  expect(unknown).toEqual([])
})

test('npm scripts that the docs name are in package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> }
  const unknown = docs.flatMap(doc =>
    [...read(doc).matchAll(/npm run (?:--silent )?([\w:-]+)/g)]
      .map(([, name = '']) => name)
      .filter(name => !Object.hasOwn(scripts, name))
      .map(name => `${doc}: npm run ${name}`),
  )
  expect(unknown).toEqual([])
})

test('each design page is named in the architecture, and each is short', () => {
  const pages = filesIn('docs/design', '.md')
  const architecture = read('docs/architecture.md')
  expect(pages.filter(page => !architecture.includes(page.replace('docs/', '')))).toEqual([])
  expect([...pages, 'docs/architecture.md'].filter(page => read(page).split('\n').length > 90)).toEqual([])
})

test('each role is named in the table of roles', () => {
  const table = read('docs/design/roles.md')
  const roles = readdirSync(join(root, 'roles')).filter(name => read(`roles/${name}/index.ts`).includes(': Role<'))
  expect(roles.filter(name => !table.includes(`roles/${name}\``))).toEqual([])
})

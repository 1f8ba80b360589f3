/**
 * Generates src/catalog/data/component-schemas.ts: the fields in the documents of kubeadm, the kubelet and kube-proxy, read
 * from the Go types of the newest patch of each minor that the catalog knows. For maintainers: it needs Go and a module
 * proxy.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { maxSatisfying } from 'semver'
import { kubernetesMinors, minorOf, newestPatch } from '../src/catalog/index.ts'

interface Schemas {
  readonly documents: Readonly<Record<string, string>>
  readonly types: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const target = join(root, 'src/catalog/data/component-schemas.ts')

// A minor may have no version in the catalog yet. Then its newest one is that of the module proxy.
function newestPatches(): readonly string[] {
  return kubernetesMinors()
    .toReversed()
    .map(minor => newestPatch(minor) ?? newestModule(minor))
}

function newestModule(minor: string): string {
  const { Versions } = JSON.parse(go(tmpdir(), 'list', '-m', '-versions', '-json', 'k8s.io/kubernetes')) as {
    Versions: readonly string[]
  }
  const newest = maxSatisfying(Versions, `~${minor}.0`)
  if (newest === null) throw new Error(`the module proxy has no Kubernetes ${minor}`)
  return newest.slice(1)
}

function go(folder: string, ...args: readonly string[]): string {
  const env = { ...process.env, GOFLAGS: '-mod=mod' }
  return execFileSync('go', args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function readSchemas(version: string): Schemas {
  const folder = mkdtempSync(join(tmpdir(), 'evcctl-schemas-'))
  try {
    const module = JSON.parse(go(folder, 'mod', 'download', '-json', `k8s.io/kubernetes@v${version}`)) as {
      GoMod: string
    }
    const text = readFileSync(module.GoMod, 'utf8')
    const goVersion = /^go (\S+)$/m.exec(text)?.[1]
    const staging = [...text.matchAll(/^\s*(?:replace )?(k8s\.io\/\S+) => \.\/staging\//gm)].map(([, name]) => name)
    const replaced = staging.map(name => `\t${name} => ${name} v${version.replace(/^1\./, '0.')}\n`)
    const lines = [`module evcctl.dev/schemas\n\ngo ${goVersion}\n`, `require k8s.io/kubernetes v${version}\n`]
    writeFileSync(join(folder, 'go.mod'), `${lines.join('\n')}\nreplace (\n${replaced.join('')})\n`)
    copyFileSync(join(root, 'scripts/component-schemas/main.go'), join(folder, 'main.go'))
    return JSON.parse(go(folder, 'run', '.')) as Schemas
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Merges the tables of all minors. A field that some minors lack gets the minors between which it exists. */
function merge(found: ReadonlyMap<string, Schemas>): Schemas {
  const minors = [...found.keys()]
  const types: Record<string, Record<string, string>> = {}
  const names = new Set([...found.values()].flatMap(({ types }) => Object.keys(types)))
  for (const name of [...names].sort()) {
    const fields = new Set([...found.values()].flatMap(({ types }) => Object.keys(types[name] ?? {})))
    types[name] = Object.fromEntries([...fields].sort().map(field => [field, describe(name, field)]))
  }
  return { documents: [...found.values()].at(-1)!.documents, types }

  function describe(name: string, field: string): string {
    const having = minors.filter(minor => found.get(minor)!.types[name]?.[field] !== undefined)
    const since = having[0] === minors[0] ? '' : ` >=${having[0]}`
    const after = minors[minors.indexOf(having.at(-1)!) + 1]
    const kinds = new Set(having.map(minor => found.get(minor)!.types[name]![field]))
    if (kinds.size > 1)
      throw new Error(`${name}.${field} has different types in different minors, which the table cannot express yet`)
    return `${[...kinds][0]}${since}${after === undefined ? '' : ` <${after}`}`
  }
}

const versions = newestPatches()
const found = new Map(versions.map(version => [minorOf(version), readSchemas(version)]))
const { documents, types } = merge(found)
writeFileSync(
  target,
  `/**
 * Fields of the configuration documents of kubeadm (v1beta4), the kubelet (v1beta1) and kube-proxy (v1alpha1).
 * Made by \`npm run catalog:schemas\` from the Go types of Kubernetes ${versions.join(', ')}; not to be edited by hand.
 */

/** The minors that the table knows, oldest first. */
export const schemaMinors: readonly string[] = ${JSON.stringify([...found.keys()])}

/** The type of each document, by its kind. */
export const documentTypes: Readonly<Record<string, string>> = ${JSON.stringify(documents, Object.keys(documents).sort())}

/**
 * The fields of each type: \`int\`, \`[]string\`, \`{}bool\` (a mapping with values of that type), or the name of another type;
 * then \`>=1.35\` where older minors do not have it, \`<1.36\` where newer ones do not.
 */
export const fieldTypes: Readonly<Record<string, Readonly<Record<string, string>>>> = ${JSON.stringify(types)}
`,
)
execFileSync('npx', ['biome', 'check', '--write', target], { cwd: root, stdio: 'inherit' })

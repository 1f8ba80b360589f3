/**
 * Adds versions to the built-in catalog (src/catalog/data), with the sha256 that the release sites publish. For maintainers:
 *
 *   node scripts/catalog.ts --kubernetes 1.37.3 --containerd 2.4.0
 *   node scripts/catalog.ts --newest        the newest patch of each minor, of everything
 *
 * `--mirror URL` asks a mirror (`<URL>/<host>/<path>`) in place of the sites. It writes all or nothing. A version that the
 * catalog has already is compared with what the site publishes now.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type ArtifactName, artifact, catalog, knowledgeOf, mirroredUrl, versionsOf } from '../src/catalog/index.ts'
import { environmentProxy, getUrl, lookUpArtifact, reachThrough } from '../src/releases/index.ts'
import { proxyFor } from '../src/resources/support/index.ts'
import { withVersions } from './catalog/data-file.ts'
import { newestVersions } from './catalog/newest.ts'

type Wanted = readonly [name: ArtifactName, version: string]

const programs = ['kubelet', 'kubeadm', 'kubectl'] as const
const others = (Object.keys(catalog) as ArtifactName[]).filter(name => !programs.some(one => one === name))

async function main(): Promise<void> {
  const versions = { type: 'string', multiple: true } as const
  const { values } = parseArgs({
    options: {
      newest: { type: 'boolean', default: false },
      mirror: { type: 'string' },
      data: { type: 'string', default: fileURLToPath(new URL('../src/catalog/data/', import.meta.url)) },
      kubernetes: versions,
      ...Object.fromEntries(others.map(name => [name, versions])),
    },
  })
  const { newest, mirror, data } = values
  const reach = reachThrough(environmentProxy(process.env), proxyFor)
  const get = async (url: string) => (await getUrl(mirroredUrl(mirror, url), 4 * 1024 * 1024, reach)).toString()
  const named = (name: string) => (values as Readonly<Record<string, unknown>>)[name] as readonly string[] | undefined
  const wanted: Wanted[] = [
    ...(named('kubernetes') ?? []).flatMap(version => programs.map(name => [name, version] as const)),
    ...others.flatMap(name => (named(name) ?? []).map(version => [name, version] as const)),
    ...(newest ? await newestVersions(get) : []),
  ]
  if (wanted.length === 0) throw new Error('Nothing to do: name versions (--kubernetes 1.37.3), or --newest.')
  for (const [name, version] of wanted)
    if (name === 'kubeadm' && knowledgeOf(version) !== 'known')
      throw new Error(
        `The minor of Kubernetes ${version} is not known yet: first add it to src/catalog/compatibility.ts, with the images of its kubeadm, and run npm run catalog:schemas.`,
      )
  const found = await Promise.all(
    wanted.map(async ([name, version]) => ({
      name,
      version,
      sums: await lookUpArtifact(name, version, mirror, reach),
    })),
  )
  const added = found.filter(({ name, version, sums: { amd64, arm64 } }) => {
    if (amd64 === undefined || arm64 === undefined)
      throw new Error(`${name} ${version} is there for one architecture only.`)
    const known = artifact(name, version, 'amd64').sha256
    if (!versionsOf(name).includes(version)) return true
    if (known === amd64 && artifact(name, version, 'arm64').sha256 === arm64) return false
    throw new Error(`${name} ${version}: the site publishes another sha256 than the catalog has. Nothing was written.`)
  })
  const texts = new Map<string, string>()
  for (const { name, version, sums } of added) {
    const file = join(data, programs.some(one => one === name) ? 'kubernetes.ts' : `${name}.ts`)
    const text = texts.get(file) ?? readFileSync(file, 'utf8')
    texts.set(file, withVersions(text, name, { [version]: { amd64: sums.amd64!, arm64: sums.arm64! } }))
  }
  for (const [file, text] of texts) writeFileSync(file, text)
  const names = added.map(({ name, version }) => `${name} ${version}`)
  process.stdout.write(names.length === 0 ? 'The catalog has all of them.\n' : `Added: ${names.join(', ')}\n`)
}

await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})

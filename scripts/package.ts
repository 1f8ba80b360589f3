/**
 * The package as it is published: what package.json names under `files`, a package.json without what is for development
 * only, and a package-lock.json of the rest, from which `npm ci` fetches the tree that was tested, under its checksums. That
 * tree travels in the package: npm 11 heeds an npm-shrinkwrap.json only where the registry says that there is one.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Json = Record<string, unknown>

interface Lock {
  readonly name: string
  readonly version: string
  readonly lockfileVersion: number
  readonly packages: Readonly<Record<string, Json>>
}

// npm runs none of these scripts for those who install it, and `private` keeps the folder of development from being published.
const forDevelopment = ['private', 'scripts', 'devDependencies']

/** package.json of the package. */
export function publishedManifest(manifest: Json): Json {
  const kept = Object.fromEntries(Object.entries(manifest).filter(([key]) => !forDevelopment.includes(key)))
  return { ...kept, bundleDependencies: Object.keys(manifest.dependencies as Json) }
}

/** package-lock.json without what is for development. Throws where a checksum is missing. */
export function publishedLock(lock: Lock, manifest: Json): Json {
  const { '': _, ...all } = lock.packages
  // A link has no mark of its own: what it leads to has.
  const isForDevelopment = ({ dev, resolved }: Json) => dev === true || all[String(resolved)]?.dev === true
  const packages = Object.entries(all).filter(([, one]) => !isForDevelopment(one))
  const unchecked = packages.find(([, { integrity }]) => typeof integrity !== 'string')
  if (unchecked !== undefined) throw new Error(`package-lock.json has no checksum of ${unchecked[0]}`)
  const { name, version, lockfileVersion } = lock
  const { license, dependencies, peerDependencies, peerDependenciesMeta, bin, engines } = manifest
  const { bundleDependencies } = manifest
  const own = { name, version, license, dependencies, bin, engines, peerDependencies, peerDependenciesMeta }
  const root = { ...own, bundleDependencies }
  return { name, version, lockfileVersion, requires: true, packages: { '': root, ...Object.fromEntries(packages) } }
}

/** Puts the package together in a folder, from the folder of development `root`, where it has to be built. */
export function stagePackage(root: string, target: string): void {
  const manifest = read(join(root, 'package.json'))
  const published = publishedManifest(manifest)
  const lock = read(join(root, 'package-lock.json')) as unknown as Lock
  mkdirSync(target, { recursive: true })
  for (const path of manifest.files as readonly string[])
    cpSync(join(root, path), join(target, path), { recursive: true })
  write(join(target, 'package.json'), published)
  write(join(target, 'package-lock.json'), publishedLock(lock, published))
}

function read(path: string): Json {
  return JSON.parse(readFileSync(path, 'utf8')) as Json
}

function write(path: string, content: Json): void {
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`)
}

/**
 * Builds the package as it is published: the files that package.json names under `files`, a package.json without entries
 * for development, and a package-lock.json of its dependencies, with which `npm ci` downloads the tested versions and
 * verifies their checksums. The package contains these dependencies, because npm 11 uses an npm-shrinkwrap.json only if the
 * registry announces one.
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

// npm runs none of these scripts for users of the package. `private` prevents that somebody publishes the development
// folder.
const forDevelopment = ['private', 'scripts', 'devDependencies']

/** The package.json of the published package. */
export function publishedManifest(manifest: Json): Json {
  const kept = Object.fromEntries(Object.entries(manifest).filter(([key]) => !forDevelopment.includes(key)))
  return { ...kept, bundleDependencies: Object.keys(manifest.dependencies as Json) }
}

/** The package-lock.json without dependencies for development. Throws if a checksum is missing. */
export function publishedLock(lock: Lock, manifest: Json): Json {
  const { '': _, ...all } = lock.packages
  // A link does not say whether it is for development; its target does.
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

/** Copies the package to the folder `target`, from the development folder `root`, which has to be built. */
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

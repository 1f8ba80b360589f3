import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fingerprint, readIfThere, writeWhole } from './cache.ts'
import type { Go } from './go-toolchain.ts'
import {
  goVersionOf,
  type KubeadmTags,
  kubeadmTags,
  moduleFile,
  type Pins,
  readPins,
  stagingModules,
} from './module-file.ts'
import { run } from './process.ts'
import { type Program, programsOf } from './programs.ts'
import type { Progress } from './progress.ts'

/** A folder with a go.mod from which programs are built. */
export interface GoModule {
  readonly folder: string
  readonly pins: Pins
  readonly programs: readonly Program[]
  /** Fingerprint of go.mod, go.sum and the kit's own Go source. */
  readonly key: string
}

/** The folder of the committed module, which pins the default version of everything. */
export const committedModule = fileURLToPath(new URL('./go/', import.meta.url))

/** Returns a Go toolchain. It is called only when one is needed. */
export type GetGo = () => Promise<Go>

/** Opens the committed module. */
export async function openCommittedModule(): Promise<GoModule> {
  return openModule(committedModule)
}

/**
 * Opens a module that builds another Kubernetes version (e.g. `1.35.8`) than the committed one, with the etcd and CoreDNS
 * of its kubeadm. It is created in the cache when it is first needed.
 */
export async function openDerivedModule(
  kubernetes: string,
  cache: string,
  getGo: GetGo,
  progress: Progress,
): Promise<GoModule> {
  const folder = join(cache, 'modules', kubernetes)
  if ((await readIfThere(join(folder, 'go.sum'))) === undefined) {
    progress.say(`choosing module versions for Kubernetes ${kubernetes}`)
    const tags = await tagsOf(kubernetes, cache, getGo)
    const pins: Pins = { kubernetes, etcd: tags.etcd.replace(/-\d+$/, ''), coredns: tags.coredns.slice(1) }
    const unfinished = `${folder}.part`
    await rm(unfinished, { recursive: true, force: true })
    await makeModule(pins, unfinished, await getGo())
    await rename(unfinished, folder)
  }
  return openModule(folder)
}

/** Writes go.mod, go.sum and the kit's own Go source into a folder. */
export async function makeModule(pins: Pins, folder: string, go: Go): Promise<void> {
  const kubernetes = await downloadKubernetes(pins.kubernetes, go)
  const goMod = await readFile(kubernetes.goMod, 'utf8')
  await mkdir(folder, { recursive: true })
  if (folder !== committedModule)
    await cp(join(committedModule, 'coredns'), join(folder, 'coredns'), { recursive: true })
  const packages = programsOf(pins).map(program => program.package)
  const text = moduleFile(pins, {
    goVersion: goVersionOf(goMod),
    staging: stagingModules(goMod),
    packages: packages.filter(path => !path.startsWith('evcctl.test/')),
  })
  await writeFile(join(folder, 'go.mod'), text)
  const env = { ...go.env, GOFLAGS: '-mod=mod -modcacherw' }
  await run([go.command, 'mod', 'tidy'], { cwd: folder, env })
}

/** Whether a build of this version can be planned without Go and without a network. */
export async function isPrepared(kubernetes: string, cache: string): Promise<boolean> {
  if ((await readIfThere(tagsFile(kubernetes, cache))) === undefined) return false
  const { pins } = await openCommittedModule()
  return (
    kubernetes === pins.kubernetes || (await readIfThere(join(cache, 'modules', kubernetes, 'go.sum'))) !== undefined
  )
}

function tagsFile(kubernetes: string, cache: string): string {
  return join(cache, 'modules', `${kubernetes}.kubeadm.json`)
}

/**
 * The tags that the kubeadm of a Kubernetes version needs. They are read from its source once, and later from the cache.
 */
export async function tagsOf(kubernetes: string, cache: string, getGo: GetGo): Promise<KubeadmTags> {
  const file = tagsFile(kubernetes, cache)
  const known = await readIfThere(file)
  if (known !== undefined) return JSON.parse(known) as KubeadmTags
  const { folder } = await downloadKubernetes(kubernetes, await getGo())
  const tags = kubeadmTags(await readFile(join(folder, 'cmd/kubeadm/app/constants/constants.go'), 'utf8'))
  await writeWhole(file, JSON.stringify(tags))
  return tags
}

async function downloadKubernetes(version: string, go: Go): Promise<{ folder: string; goMod: string }> {
  const answer = await run([go.command, 'mod', 'download', '-json', `k8s.io/kubernetes@v${version}`], {
    env: { ...go.env, GOFLAGS: '-mod=mod -modcacherw' },
  })
  const { Dir, GoMod } = JSON.parse(answer) as { Dir: string; GoMod: string }
  return { folder: Dir, goMod: GoMod }
}

async function openModule(folder: string): Promise<GoModule> {
  const files = ['go.mod', 'go.sum', 'coredns/main.go'].map(name => readFile(join(folder, name), 'utf8'))
  const texts = await Promise.all(files)
  const pins = readPins(texts[0]!)
  return { folder, pins, programs: programsOf(pins), key: fingerprint(texts) }
}

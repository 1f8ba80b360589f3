import { existsSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import PQueue from 'p-queue'
import { baseRecipe, makeBaseRoot } from './base-layer.ts'
import { fingerprint, readIfThere, writeWhole } from './cache.ts'
import { buildPrograms, builtFile, estimate, measureWork } from './go-build.ts'
import type { Go } from './go-toolchain.ts'
import { type Arch, archiveFormat, type Layer, writeLayer } from './image-archive.ts'
import type { GoModule } from './modules.ts'
import { makePart, type Part } from './parts.ts'
import { run } from './process.ts'
import { buildFlags, type Program } from './programs.ts'
import { duration, megabytes, type Progress } from './progress.ts'
import type { Stamps } from './stamps.ts'

/** The interval between lines about the progress of compiling, in ms. */
const heartbeat = 30_000

const pauseFlags = ['-static', '-Os', '-s'] as const

/** A program, with the module that builds it. */
interface Source {
  readonly module: GoModule
  readonly program: Program
}

export interface BuildOptions {
  readonly cache: string
  readonly mirror: string
  readonly arch: Arch
  readonly stamps: Stamps
  readonly progress: Progress
  readonly getGo: () => Promise<Go>
  /** Source text of pause. */
  readonly pauseSource: string
  /** The modules. If several contain a program, the first one builds it. */
  readonly modules: readonly GoModule[]
}

/** A fingerprint of everything from which a part is made. If it is equal, making the part again would change nothing. */
export async function inputsOf(part: Part, options: BuildOptions): Promise<string> {
  const sources = part.programs.map(name => {
    if (name === 'pause') return [options.pauseSource, pauseFlags]
    const { module, program } = sourceOf(name, options.modules)
    return [module.key, program, buildFlags]
  })
  return fingerprint([options.arch, part.recipe, sources, part.onBase ? [baseRecipe, archiveFormat] : []])
}

/** Builds parts of a mirror from source, and stamps each when it is finished. */
export async function buildMirror(parts: readonly Part[], options: BuildOptions): Promise<void> {
  const { cache, progress, arch, modules } = options
  const go = await options.getGo()
  const folders = new Map(modules.map(module => [module, join(cache, 'programs', folderName(module))] as const))
  const file = (name: string): string => {
    if (name === 'pause') return join(cache, 'programs', `pause-${fingerprint(options.pauseSource).slice(0, 12)}`)
    const { module, program } = sourceOf(name, modules)
    return builtFile(folders.get(module)!, program)
  }
  const work = join(cache, 'work')
  await rm(work, { recursive: true, force: true })
  await mkdir(join(cache, 'programs'), { recursive: true })
  const missing = programsToBuild(parts, modules).filter(({ program }) => !existsSync(file(program.name)))
  await announce(missing, parts, go, options)

  let base: Promise<Layer> | undefined
  const getBase = (): Promise<Layer> => {
    base ??= ensureBase(options)
    return base
  }
  // Unpacking the base mostly waits for the network, so it runs while Go compiles.
  if (parts.some(part => part.onBase)) getBase().catch(() => undefined)
  if (parts.some(part => part.programs.includes('pause'))) await buildPause(options.pauseSource, file('pause'))

  const packing = new PQueue({ concurrency: 1 })
  const failures: unknown[] = []
  const waiting = new Set(parts)
  const packWhatIsBuilt = (): void => {
    for (const part of waiting) {
      if (!part.programs.every(name => existsSync(file(name)))) continue
      waiting.delete(part)
      const target = join(options.mirror, part.file)
      const pack = async (): Promise<void> => {
        await options.stamps.forget(part.file)
        await makePart(part, { program: file, base: getBase, arch, work, target })
        const { size } = await options.stamps.finish(part.file, await inputsOf(part, options))
        progress.say(`${part.file} (${megabytes(size)})`)
      }
      packing.add(pack).catch(error => failures.push(error))
    }
  }
  try {
    packWhatIsBuilt()
    for (const module of modules) {
      const programs = missing.filter(source => source.module === module).map(source => source.program)
      if (programs.length > 0) await buildModule(go, module, programs, folders.get(module)!, progress, packWhatIsBuilt)
    }
  } finally {
    // If a build fails, the parts that are built by then are still finished.
    await packing.onIdle()
  }
  if (failures.length > 0) throw failures[0]
  if (waiting.size > 0) throw new Error(`built, but incomplete: ${[...waiting].map(part => part.file).join(', ')}`)
  await rm(work, { recursive: true, force: true })
  await removeOutdated(cache, modules)
}

async function buildModule(
  go: Go,
  module: GoModule,
  programs: readonly Program[],
  folder: string,
  progress: Progress,
  onAdvance: () => void,
): Promise<void> {
  const { packages } = await measureWork(go, module, programs)
  let compiled = 0
  const timer = setInterval(() => {
    progress.say(`compiled ${Math.min(compiled, packages)} of ${packages} packages`)
  }, heartbeat)
  try {
    await buildPrograms(go, module, programs, folder, () => {
      compiled++
      onAdvance()
    })
  } finally {
    clearInterval(timer)
  }
}

async function announce(
  missing: readonly Source[],
  parts: readonly Part[],
  go: Go,
  { modules, progress }: BuildOptions,
): Promise<void> {
  let seconds = parts.length * 0.7
  let packages = 0
  for (const module of modules) {
    const programs = missing.filter(source => source.module === module).map(source => source.program)
    if (programs.length === 0) continue
    progress.say('reading what there is to compile, downloading Go modules that are missing')
    const work = await measureWork(go, module, programs)
    packages += work.packages
    seconds += estimate(work)
  }
  const compile = missing.length === 0 ? 'nothing to compile' : `${packages} packages to compile`
  progress.say(
    `building ${parts.length} files from source with Go ${go.version}: ${compile}, ` +
      `${missing.length} programs to link, about ${duration(seconds)} on this machine if it has nothing else to do`,
  )
}

/** Returns the base layer, from the cache if that was made from the same recipe. */
async function ensureBase({ cache, arch, progress }: BuildOptions): Promise<Layer> {
  const folder = join(cache, 'base', fingerprint([baseRecipe, archiveFormat, arch]).slice(0, 12))
  const known = await readIfThere(join(folder, 'layer.json'))
  if (known !== undefined) return JSON.parse(known) as Layer
  await makeBaseRoot(join(folder, 'root'), arch)
  const layer = await writeLayer(join(folder, 'root'), join(folder, 'layer.tar.zst'))
  await rm(join(folder, 'root'), { recursive: true })
  await writeWhole(join(folder, 'layer.json'), JSON.stringify(layer))
  progress.say(`base layer with iptables, nftables, conntrack and busybox (${megabytes(layer.size)})`)
  return layer
}

async function buildPause(source: string, file: string): Promise<void> {
  if (existsSync(file)) return
  const text = `${file}.c`
  await writeWhole(text, source)
  await run(['gcc', ...pauseFlags, '-o', `${file}.part`, text])
  await run(['mv', `${file}.part`, file])
}

function programsToBuild(parts: readonly Part[], modules: readonly GoModule[]): readonly Source[] {
  const names = new Set(parts.flatMap(part => part.programs).filter(name => name !== 'pause'))
  const sources = [...names].map(name => sourceOf(name, modules))
  // The programs are needed in the order of the modules' own lists.
  const all = modules.flatMap(module => module.programs)
  return sources.sort((left, right) => all.indexOf(left.program) - all.indexOf(right.program))
}

function sourceOf(name: string, modules: readonly GoModule[]): Source {
  for (const module of modules) {
    const program = module.programs.find(candidate => candidate.name === name)
    if (program !== undefined) return { module, program }
  }
  throw new Error(`no module builds ${name}`)
}

function folderName(module: GoModule): string {
  return `${module.pins.kubernetes}-${fingerprint([module.key, buildFlags]).slice(0, 12)}`
}

/** Removes programs that an older state of the same module has left. */
async function removeOutdated(cache: string, modules: readonly GoModule[]): Promise<void> {
  const current = new Set(modules.map(folderName))
  const versions = modules.map(module => `${module.pins.kubernetes}-`)
  for (const name of await readdir(join(cache, 'programs'))) {
    const isOurs = versions.some(version => name.startsWith(version))
    if (isOurs && !current.has(name)) await rm(join(cache, 'programs', name), { recursive: true })
  }
}

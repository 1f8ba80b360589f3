import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BuildOptions, buildMirror, inputsOf } from './build-mirror.ts'
import { type Kit, type Plan, planBuild } from './build-plan.ts'
import { cacheFolder, readIfThere, takeLock, writeWhole } from './cache.ts'
import { downloadArtifacts, missingDownloads, upstreamArtifacts } from './download-mirror.ts'
import { formerVersion } from './former-version.ts'
import { type Arch, machineArch } from './image-archive.ts'
import type { ImageRecipe } from './images.ts'
import type { Pins } from './module-file.ts'
import { isPrepared, openCommittedModule } from './modules.ts'
import { imagePart } from './parts.ts'
import { duration, Progress } from './progress.ts'
import { Stamps } from './stamps.ts'
import { ensureBuildPackages } from './system-packages.ts'
import { canReachUpstream } from './upstream.ts'

const checksumsName = 'SHA256SUMS'

/** A folder with real binaries and image archives, laid out like the upstream sites: `<folder>/<host>/<path>`. */
export interface Mirror {
  /** Absolute path. `serveFolder` can serve it, and evcctl can use it as a local folder. */
  readonly folder: string
  /** Absolute path of SHA256SUMS: lines of `<hex>  <path in the folder>`. */
  readonly checksumsFile: string
  /** Image archives that hosts load before kubeadm runs; empty if upstream registries can be reached. */
  readonly images: readonly MirrorImage[]
  readonly versions: Required<Pins>
}

export interface MirrorImage {
  /** Absolute path. */
  readonly file: string
  /** Hex. */
  readonly sha256: string
  /** The names of the images after the archive is loaded. */
  readonly refs: readonly string[]
  /** True if worker nodes do not need it. */
  readonly controlPlaneOnly: boolean
}

export interface MirrorOptions {
  /** E.g. `1.36.4`. Default: the version in the committed go.mod. */
  readonly kubernetes?: string
  /** Default: that of this machine. Only upstream has others. */
  readonly arch?: Arch
  /** `auto` (default) downloads where upstream can be reached and builds elsewhere. */
  readonly source?: 'auto' | 'upstream' | 'build'
  /** The folder for everything. Default: `cacheFolder()`. */
  readonly cache?: string
  /** Gets each line of progress. Default: standard error. */
  readonly write?: (line: string) => void
}

/**
 * Makes sure that the mirror exists, and creates what is missing. It can be interrupted, and run twice at once: finished
 * files stay, and a second run waits for the first.
 */
export async function ensureMirror(options: MirrorOptions = {}): Promise<Mirror> {
  const progress = new Progress(options.write)
  const cache = options.cache ?? cacheFolder()
  const arch = options.arch ?? machineArch()
  const source = options.source ?? 'auto'
  const folder = join(cache, 'mirror')
  await mkdir(folder, { recursive: true })
  const committed = await openCommittedModule()
  const pins = { ...(committed.pins as Required<Pins>), kubernetes: options.kubernetes ?? committed.pins.kubernetes }
  const stamps = new Stamps(folder)
  const kit: Kit = { cache, arch, folder, stamps, progress, committed, pins }
  // If everything exists, this needs no network and waits for nobody.
  const found = source === 'upstream' ? undefined : await findBuilt(kit)
  if (found !== undefined) return found

  const waiting = (holder: string): void => progress.say(`waiting for process ${holder}, which is making the mirror`)
  await using _lock = await takeLock(join(cache, 'lock'), waiting)
  // Remains of a build that was killed. Nobody else builds while this process holds the lock.
  await rm(join(cache, 'go-tmp'), { recursive: true, force: true })
  if (source !== 'build') {
    const downloads = { artifacts: upstreamArtifacts(pins, arch), folder, stamps, progress }
    const missing = await missingDownloads(downloads)
    const isWanted = missing.length === 0 || source === 'upstream' || (await canReachUpstream())
    if (isWanted) {
      if (missing.length > 0) await downloadArtifacts(missing, downloads)
      return finish(kit)
    }
    progress.say('upstream cannot be reached: building from source')
  }
  const plan = await planBuild(kit)
  if (plan.missing.length > 0) {
    if (arch !== machineArch()) throw new Error(`this machine builds ${machineArch()} only; ${arch} needs upstream`)
    await ensureBuildPackages(progress)
    await buildMirror(plan.missing, plan.build)
    progress.say(`mirror of Kubernetes ${pins.kubernetes} complete in ${folder} after ${duration(progress.elapsed)}`)
  }
  return finish(kit, plan)
}

/**
 * Returns a mirror that was built before, if it is complete. It needs no lock, because a file and its stamp appear only
 * when they are finished.
 */
async function findBuilt(kit: Kit): Promise<Mirror | undefined> {
  if (!(await isPrepared(kit.pins.kubernetes, kit.cache))) return undefined
  const plan = await planBuild(kit)
  if (plan.missing.length > 0) return undefined
  const listed = (await readIfThere(join(kit.folder, checksumsName))) ?? ''
  for (const part of plan.parts) {
    const stamp = await kit.stamps.fresh(part.file, await inputsOf(part, plan.build))
    // If an earlier run was interrupted between the last file and the list, the list is written again.
    if (stamp === undefined || !listed.includes(`${stamp.sha256}  ${part.file}\n`)) return undefined
  }
  return mirrorOf(kit, plan)
}

async function mirrorImage(image: ImageRecipe, build: BuildOptions): Promise<MirrorImage> {
  const part = imagePart(image, build.arch)
  const stamp = await build.stamps.fresh(part.file, await inputsOf(part, build))
  if (stamp === undefined) throw new Error(`${part.file} disappeared from the mirror while it was made`)
  return {
    file: join(build.mirror, part.file),
    sha256: stamp.sha256,
    refs: [image.ref],
    controlPlaneOnly: image.controlPlaneOnly,
  }
}

/** Writes the list of all finished files, and describes the mirror. */
async function finish(kit: Kit, plan?: Plan): Promise<Mirror> {
  await writeWhole(join(kit.folder, checksumsName), await kit.stamps.checksums())
  return mirrorOf(kit, plan)
}

async function mirrorOf({ folder, pins }: Kit, plan?: Plan): Promise<Mirror> {
  const images = (plan?.images ?? []).map(image => mirrorImage(image, plan!.build))
  return {
    folder,
    checksumsFile: join(folder, checksumsName),
    images: await Promise.all(images),
    versions: plan?.versions ?? pins,
  }
}

/** `node test/kit/mirror.ts [--kubernetes 1.36.4 | --former] [--arch amd64] [--source auto|upstream|build]` */
async function main(): Promise<void> {
  const option = { type: 'string' } as const
  const { values } = parseArgs({
    options: { kubernetes: option, former: { type: 'boolean' }, arch: option, source: option },
  })
  const { arch, source } = values
  const kubernetes = values.former === true ? formerVersion : values.kubernetes
  if (arch !== undefined && arch !== 'amd64' && arch !== 'arm64') throw new Error(`--arch: amd64 or arm64, not ${arch}`)
  if (source !== undefined && source !== 'auto' && source !== 'upstream' && source !== 'build') {
    throw new Error(`--source: auto, upstream or build, not ${source}`)
  }
  if (kubernetes !== undefined && !/^\d+\.\d+\.\d+$/.test(kubernetes)) {
    throw new Error(`--kubernetes: a version like 1.36.4, not ${kubernetes}`)
  }
  const mirror = await ensureMirror({
    ...(kubernetes === undefined ? {} : { kubernetes }),
    ...(arch === undefined ? {} : { arch }),
    ...(source === undefined ? {} : { source }),
  })
  process.stdout.write(`${JSON.stringify(mirror, null, 2)}\n`)
}

if (import.meta.main) {
  await main().catch((error: Error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type BuildOptions, inputsOf } from './build-mirror.ts'
import { ensureGo, type Go } from './go-toolchain.ts'
import type { Arch } from './image-archive.ts'
import { type ImageRecipe, imageRecipes } from './images.ts'
import { goVersionOf, type Pins } from './module-file.ts'
import { committedModule, type GoModule, openDerivedModule, tagsOf } from './modules.ts'
import { binaryParts, imagePart, type Part } from './parts.ts'
import type { Progress } from './progress.ts'
import type { Stamps } from './stamps.ts'

/** The versions of a mirror, and where it is made. */
export interface Kit {
  readonly cache: string
  readonly arch: Arch
  /** The mirror's folder. */
  readonly folder: string
  readonly stamps: Stamps
  readonly progress: Progress
  readonly committed: GoModule
  readonly pins: Required<Pins>
}

/** A build, and the parts that are missing. */
export interface Plan {
  readonly build: BuildOptions
  readonly images: readonly ImageRecipe[]
  readonly parts: readonly Part[]
  readonly missing: readonly Part[]
  readonly versions: Required<Pins>
}

/** Lists what a build consists of, and what of it is missing. */
export async function planBuild({ cache, arch, folder, stamps, progress, committed, pins }: Kit): Promise<Plan> {
  let go: Promise<Go> | undefined
  const getGo = (): Promise<Go> => {
    go ??= readFile(join(committedModule, 'go.mod'), 'utf8').then(text => ensureGo(cache, goVersionOf(text), progress))
    return go
  }
  const { kubernetes } = pins
  const isCommitted = kubernetes === committed.pins.kubernetes
  const modules = isCommitted ? [committed] : [await openDerivedModule(kubernetes, cache, getGo, progress), committed]
  const versions = { ...pins, ...modules[0]!.pins }
  const tags = await tagsOf(kubernetes, cache, getGo)
  const images = imageRecipes({ ...tags, kubernetes: `v${kubernetes}`, flannel: `v${versions.flannel}` })
  const parts = [...binaryParts(versions, arch), ...images.map(image => imagePart(image, arch))]
  const pauseSource = await readFile(new URL('./pause/pause.c', import.meta.url), 'utf8')
  const build: BuildOptions = { cache, mirror: folder, arch, stamps, progress, getGo, pauseSource, modules }
  const missing: Part[] = []
  for (const part of parts) {
    if ((await stamps.fresh(part.file, await inputsOf(part, build))) === undefined) missing.push(part)
  }
  return { build, images, parts, missing, versions }
}

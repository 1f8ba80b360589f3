import { buildFromArchive } from './archive-image.ts'
import { basePulled, buildOnBase } from './base-image.ts'
import { connectDocker, imageExists } from './docker.ts'
import { type ImageVariant, imageName, imageRecipe, type Suite } from './recipe.ts'

export interface ImageOptions {
  readonly suite: Suite
  /** Default `full`. */
  readonly variant?: ImageVariant
  /** Called before each step that takes long. */
  readonly onProgress?: (message: string) => void
}

/**
 * Makes sure that the host image exists, and returns its name. It is built once (about 30 s), from `debian:<suite>` if
 * that image can be pulled, else with mmdebstrap from Debian's package archive.
 * Raises UserError when neither works.
 */
export async function ensureHostImage(options: ImageOptions): Promise<string> {
  const { suite, variant = 'full', onProgress = () => {} } = options
  const name = imageName(suite, variant)
  const client = await connectDocker()
  const docker = client.container.dockerode
  if (await imageExists(docker, name)) return name
  const recipe = imageRecipe(suite, variant)
  if (await basePulled(docker, suite)) {
    onProgress(`building the host image ${name} on debian:${suite}: about 30 s, once`)
    await buildOnBase(docker, name, recipe)
  } else {
    onProgress(`building the host image ${name} with mmdebstrap: about 30 s, once`)
    await buildFromArchive(docker, name, recipe)
  }
  return name
}

import { execFile, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { UserError } from '../core/errors.ts'
import { temporaryFolder } from '../core/temporary-folder.ts'
import { type Docker, imageExists } from './docker.ts'
import { imageError } from './image-error.ts'
import { excludedPaths, type ImageRecipe } from './recipe.ts'

/** How long installing the packages may take, ms. */
const buildTimeoutMs = 600_000

/**
 * Builds the image from Debian's package archive: mmdebstrap writes a tar of the whole system to its output, which
 * Docker imports while it is written. Raises UserError.
 */
export async function buildFromArchive(docker: Docker, name: string, recipe: ImageRecipe): Promise<void> {
  await requireMmdebstrap(recipe)
  await using temporary = await temporaryFolder('image')
  const folder = temporary.path
  const hook = join(folder, 'setup')
  await writeFile(hook, recipe.setup)
  const mmdebstrap = spawn(
    'mmdebstrap',
    [
      '--variant=apt',
      `--include=${recipe.packages.join(',')}`,
      ...excludedPaths.map(path => `--dpkgopt=path-exclude=${path}`),
      `--customize-hook=chroot "$1" sh -s <'${hook}'`,
      recipe.suite,
      '-',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: buildTimeoutMs },
  )
  let log = ''
  mmdebstrap.stderr.setEncoding('utf8').on('data', text => {
    log = (log + text).slice(-2000)
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    mmdebstrap.on('error', reject).on('close', resolve)
  })
  const imported = importImage(docker, name, recipe, mmdebstrap.stdout)
  const [exitCode] = await Promise.all([ended, imported.catch(() => {})])
  if (exitCode !== 0) {
    await removePartial(docker, name)
    throw imageError(recipe, log.trim())
  }
  await imported
}

async function importImage(docker: Docker, name: string, recipe: ImageRecipe, tar: Readable): Promise<void> {
  const [repo, tag] = name.split(':')
  const reply = await docker.importImage(tar, { repo, tag, changes: recipe.changes })
  for await (const chunk of reply as Readable) {
    const text = String(chunk)
    if (text.includes('"error"')) throw imageError(recipe, text.trim())
  }
}

async function removePartial(docker: Docker, name: string): Promise<void> {
  if (await imageExists(docker, name)) await docker.getImage(name).remove({ force: true })
}

async function requireMmdebstrap(recipe: ImageRecipe): Promise<void> {
  try {
    await promisify(execFile)('mmdebstrap', ['--version'])
  } catch (cause) {
    throw new UserError(
      {
        where: `host image ${recipe.suite}`,
        problem: `debian:${recipe.suite} cannot be pulled, and mmdebstrap is not installed`,
        expected: 'one of them to make the image of the hosts from',
        next: 'On Debian: apt-get install --no-install-recommends mmdebstrap; elsewhere: docker pull debian:trixie',
      },
      { cause },
    )
  }
}

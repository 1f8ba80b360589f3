import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Deadline } from '../core/deadline.ts'
import { temporaryFolder } from '../core/temporary-folder.ts'
import { type Docker, imageExists } from './docker.ts'
import { imageError } from './image-error.ts'
import { excludedPaths, type ImageRecipe, type Suite } from './recipe.ts'

/** How long a registry may be silent before the pull is given up, ms. */
const pullSilenceMs = 5000

/** Whether `debian:<suite>` is present or can be pulled. A silent registry counts as one that does not have the image. */
export async function basePulled(docker: Docker, suite: Suite): Promise<boolean> {
  const base = `debian:${suite}`
  if (await imageExists(docker, base)) return true
  const silence = new AbortController()
  const deadline = new Deadline(pullSilenceMs, () => silence.abort())
  try {
    const progress = await docker.createImage({ fromImage: base, abortSignal: silence.signal })
    for await (const _line of progress) deadline.restart(pullSilenceMs)
  } catch {
    return false
  } finally {
    deadline.hold()
  }
  return imageExists(docker, base)
}

/** Builds the image with Docker, on `debian:<suite>`. Raises UserError. */
export async function buildOnBase(docker: Docker, name: string, recipe: ImageRecipe): Promise<void> {
  await using temporary = await temporaryFolder('image')
  const folder = temporary.path
  await writeFile(join(folder, 'setup'), recipe.setup)
  await writeFile(join(folder, 'excludes'), excludedPaths.map(path => `path-exclude=${path}\n`).join(''))
  await writeFile(join(folder, 'Dockerfile'), dockerfile(recipe))
  const context = { context: folder, src: ['Dockerfile', 'excludes', 'setup'] }
  const reply = await docker.buildImage(context, { t: name, forcerm: true })
  let log = ''
  for await (const chunk of reply) log = (log + String(chunk)).slice(-4000)
  if (!(await imageExists(docker, name))) throw imageError(recipe, said(log))
}

function dockerfile(recipe: ImageRecipe): string {
  const install = [
    'apt-get update',
    `DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${recipe.packages.join(' ')}`,
    'sh /tmp/setup',
    'rm -f /tmp/setup',
  ]
  return `FROM debian:${recipe.suite}
COPY excludes /etc/dpkg/dpkg.cfg.d/evcctl
COPY setup /tmp/setup
RUN ${install.join(' && ')}
${recipe.changes.join('\n')}
`
}

/** The text in Docker's JSON lines; the first line may be cut off. */
function said(log: string): string {
  return log
    .split('\n')
    .map(line => /"(?:stream|error)":("(?:[^"\\]|\\.)*")/.exec(line)?.[1] ?? '""')
    .map(text => String(JSON.parse(text)))
    .join('')
    .replaceAll(/\x1b\[[\d;]*m/g, '')
    .trim()
    .split('\n')
    .slice(-8)
    .join('\n')
}

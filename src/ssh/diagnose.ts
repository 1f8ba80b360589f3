import type { ErrorDetails } from '../core/error-details.ts'
import { HostError, type HostErrorKind } from '../core/errors.ts'
import type { SshTarget } from '../core/ssh-target.ts'
import { createPool, type PoolOptions } from './pool.ts'
import type { RootMode } from './sudo.ts'

/** The four things that have to work, in order. */
export type CheckName = 'reachable' | 'hostKey' | 'login' | 'root'

export interface CheckStep {
  readonly name: CheckName
  readonly result: 'ok' | 'failed' | 'not tried'
  /** The result, e.g. the fingerprint of the host, or the key that the login used. */
  readonly found?: string
  /** Only for `failed`. */
  readonly error?: ErrorDetails
}

/** What `evcctl ping` reports about a host. */
export interface HostCheck {
  readonly host: string
  readonly ok: boolean
  /** Always all four. */
  readonly steps: readonly CheckStep[]
  /** Time from the first packet to being logged in, ms. */
  readonly connectMs?: number
  /** Time of one empty exchange over the connection (three round trips and a shell), ms. */
  readonly latencyMs?: number
  readonly via?: RootMode
}

export interface DiagnoseOptions extends Pick<PoolOptions, 'sshConfigFile' | 'keepaliveMs'> {
  readonly signal: AbortSignal
  /** Records an unknown host key, whatever the target's policy. */
  readonly acceptNewHostKeys?: boolean
}

const names: readonly CheckName[] = ['reachable', 'hostKey', 'login', 'root']

/** Checks a host step by step. Rejects only when cancelled: a check that fails is part of the result. */
export async function diagnose(target: SshTarget, options: DiagnoseOptions): Promise<HostCheck> {
  const acceptNew = options.acceptNewHostKeys === true
  const checked = { ...target, knownHosts: { ...target.knownHosts, acceptNew } } satisfies SshTarget
  let connectMs: number | undefined
  await using pool = createPool([checked], {
    ...options,
    onConnected: (_host, ms) => {
      connectMs = ms
    },
  })
  const found = (): Partial<Record<CheckName, string>> => {
    const info = pool.describe(target.name)
    if (info === undefined) return {}
    const { endpoint, hostKey, login, via } = info
    return {
      reachable: `${endpoint.host}:${endpoint.port}${endpoint.via === undefined ? '' : ` through ${endpoint.via.name}`}`,
      hostKey: `${hostKey.fingerprint}${hostKey.recorded ? ', recorded now' : ''}`,
      login: `${endpoint.user}, ${login}`,
      root: via,
    }
  }
  try {
    const session = await pool.session(target.name, options.signal)
    await session.exchange({ jobs: [], probes: [] }, { signal: options.signal })
    const start = performance.now()
    await session.exchange({ jobs: [], probes: [] }, { signal: options.signal })
    const latencyMs = Math.round(performance.now() - start)
    const via = pool.describe(target.name)?.via
    return {
      host: target.name,
      ok: true,
      steps: steps(found()),
      latencyMs,
      ...(connectMs !== undefined && { connectMs }),
      ...(via !== undefined && { via }),
    }
  } catch (error) {
    if (!(error instanceof HostError) || error.kind === 'cancelled') throw error
    return {
      host: target.name,
      ok: false,
      steps: steps(found(), failedStep(error.kind), error.details),
      ...(connectMs !== undefined && { connectMs }),
    }
  }
}

function steps(found: Partial<Record<CheckName, string>>, failed?: CheckName, error?: ErrorDetails): CheckStep[] {
  const at = failed === undefined ? names.length : names.indexOf(failed)
  return names.map((name, index) => {
    if (index > at) return { name, result: 'not tried' }
    if (index === at) return { name, result: 'failed', ...(error !== undefined && { error }) }
    const what = found[name]
    return { name, result: 'ok', ...(what !== undefined && { found: what }) }
  })
}

function failedStep(kind: HostErrorKind): CheckName {
  switch (kind) {
    case 'unreachable':
      return 'reachable'
    case 'host key':
      return 'hostKey'
    case 'login':
      return 'login'
    default:
      return 'root'
  }
}

import PQueue from 'p-queue'
import { distributionOf } from '../../../distributions/index.ts'
import { isControlPlane, isNode, networkPathOf } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { Countdown } from '../../core/countdown.ts'
import {
  type ErrorDetails,
  type ExitCode,
  exitCodes,
  HostError,
  presentableText,
  type Session,
  UserError,
} from '../../core/index.ts'
import { createPaint, wantsColour } from '../../report/index.ts'
import {
  type CheckPods,
  checkPods,
  lastTrySeconds,
  type NodeResults,
  reachScript,
  readResults,
} from '../../resources/network-check/index.ts'
import { createPool, type Pool } from '../../ssh/index.ts'
import { listenForInterrupts } from '../run/interrupts.ts'
import { openCluster } from '../run/open-cluster.ts'
import { askControlPlane } from '../status/ask-control-plane.ts'
import { printJson, printLine, writeError } from '../terminal/streams.ts'
import { askedFrom, type NetworkFindings, networkAsData, networkText, works } from './network-check-text.ts'

export interface NetworkCheckOptions {
  readonly file: string
  readonly output: 'text' | 'json'
  readonly parallel: number
}

const makeMs = 180_000
// How long to wait for the pods to start, s: enough for a slow node. On a node that is off a pod never starts.
const podSeconds = 45
// How long to repeat failed requests, s: a packet may get lost. The cluster itself needs no time to come up.
const patienceSeconds = 20
const endMs = 30_000

/** `evcctl network check`. The exit code is 1 if a pair of pods, DNS or Services fail, and 4 if a host could not be asked. */
export async function networkCheck({ file, output, parallel }: NetworkCheckOptions): Promise<ExitCode> {
  const { spec, targets } = await openCluster(file)
  using interrupts = listenForInterrupts(() => {})
  // Nothing on the hosts is changed, so the first ^C may end the check at once. The pods are removed all the same.
  const signal = interrupts.stop
  await using pool = createPool(targets)
  const began = performance.now()
  const say = (text: string) => (process.stderr.isTTY && output === 'text' ? writeError(`${text}\n`) : false)
  try {
    const control = await controlPlaneOf(pool, spec, signal)
    say(`Making a pod on every node of ${spec.name} …`)
    const pods = await makePods(control, spec, signal)
    try {
      say('Asking from each of them …')
      const asked = await askAll(spec, parallel, {
        pool,
        pods,
        signal,
        kubectlFile: distributionOf(spec).api.kubectlFile,
      })
      const findings = { ...asked, pods, path: networkPathOf(spec), ms: Math.round(performance.now() - began) }
      if (output === 'json') printJson(networkAsData(findings, spec))
      else printLine(networkText(findings, spec, createPaint(wantsColour(process.stdout, process.env))))
      return exitCodeOf(findings)
    } finally {
      await endPods(control, spec, pods)
    }
  } catch (error) {
    if (!signal.aborted) throw error
    throw new HostError('', 'cancelled', { problem: 'Stopped before it was done.' }, { cause: error })
  }
}

async function controlPlaneOf(pool: Pool, spec: ClusterSpec, signal: AbortSignal): Promise<Session> {
  const { hasCluster, session } = await askControlPlane(pool, spec, [], { signal })
  if (hasCluster) return session
  const hosts = spec.hosts.filter(isControlPlane)
  throw new UserError({
    where: hosts.map(({ name }) => name).join(', '),
    problem: 'There is no cluster yet whose network could be checked.',
    next: `To make it: evcctl apply ${spec.file}`,
  })
}

async function makePods(control: Session, spec: ClusterSpec, signal: AbortSignal): Promise<CheckPods> {
  const { run, parse } = checkPods({ ...podsOf(spec), podSeconds })
  const probes = [{ script: `set -eu\n${run}`, timeoutMs: makeMs, parse }]
  const { results } = await control.exchange({ jobs: [], probes }, { signal, timeoutMs: makeMs })
  return parse(results[0]!)
}

function podsOf(spec: ClusterSpec) {
  const { api, sandboxImage } = distributionOf(spec)
  return { api, image: sandboxImage(spec) }
}

// Removes the pods however the check ended, also after ^C.
async function endPods(control: Session, spec: ClusterSpec, pods: CheckPods): Promise<void> {
  const run = checkPods(podsOf(spec)).revoke!(pods)
  const job = { steps: [{ run, timeoutMs: endMs }], verify: { script: ':', parse: () => undefined } }
  using patience = new Countdown(endMs + 10_000)
  const failure = await control
    .exchange({ jobs: [job], probes: [] }, { signal: patience.signal })
    .then(({ jobs }) => jobs[0]?.failure?.stderr.trim())
    .catch((error: Error) => error.message)
  if (failure === undefined) return
  writeError(`${pods.name} could not be deleted; Kubernetes does so within ten minutes: ${presentableText(failure)}\n`)
}

interface Asking {
  readonly pool: Pool
  readonly pods: CheckPods
  /** kubectl on the hosts. */
  readonly kubectlFile: string
  readonly signal: AbortSignal
}

async function askAll(
  spec: ClusterSpec,
  parallel: number,
  asking: Asking,
): Promise<Pick<NetworkFindings, 'results' | 'failed'>> {
  const { pool, signal } = asking
  const nodes = spec.hosts.filter(isNode).map(host => host.name)
  const queue = new PQueue({ concurrency: parallel })
  const failed = new Map<string, ErrorDetails>()
  const ask = async (node: string, peers: readonly string[]): Promise<NodeResults | undefined> => {
    try {
      // Connects before it takes a place in the queue, so that a node that is off delays no other.
      const session = await pool.session(node, signal)
      return await queue.add(() => askFrom(session, { node, peers }, asking))
    } catch (error) {
      if (!(error instanceof HostError) || signal.aborted) throw error
      failed.set(node, error.details)
      return undefined
    }
  }
  const results = await Promise.all([...askedFrom(nodes)].map(([node, peers]) => ask(node, peers)))
  return { results: results.filter(one => one !== undefined), failed }
}

async function askFrom(
  session: Session,
  { node, peers }: { readonly node: string; readonly peers: readonly string[] },
  { pods, kubectlFile, signal }: Asking,
): Promise<NodeResults> {
  const timeoutMs = (patienceSeconds + lastTrySeconds) * 1000
  const script = `set -eu\n${reachScript(node, pods, peers, { patienceSeconds, kubectlFile })}`
  const probe = { script, timeoutMs, parse: () => undefined }
  const { results } = await session.exchange({ jobs: [], probes: [probe] }, { signal, timeoutMs })
  return readResults(node, pods, peers, results[0]!)
}

function exitCodeOf(findings: NetworkFindings): ExitCode {
  if (!works(findings)) return exitCodes.failed
  return findings.failed.size > 0 ? exitCodes.unreachable : exitCodes.ok
}

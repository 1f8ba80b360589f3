import { expect } from 'vitest'
import type { LocalHosts } from '../../../src/local/hosts.ts'

/** One request of a client; times in ms since the epoch, by the clock that all container hosts share. */
export interface Asked {
  readonly begun: number
  readonly ended: number
  /** Whether there was an answer, after whatever retries. */
  readonly answered: boolean
  /** How often client-go asked again. */
  readonly retries: number
}

/** What a client has seen. */
export interface Measured {
  readonly requests: readonly Asked[]
  readonly failed: readonly Asked[]
  /** Requests that were answered only when asked again. */
  readonly retried: readonly Asked[]
  /** The longest time from one answer to the next, ms. */
  readonly longestGapMs: number
  /** What kubectl said of the requests that failed. */
  readonly errors: string
}

// kubectl is client-go, with its manners: a GET whose connection was reset or ended is asked again after 1 s
// (k8s.io/client-go/rest/with_retry.go, told at verbosity 4). Not `get --raw`, which is a stream and never asks again. An
// API server answers /version by itself, so an election of etcd does not count.
const loop = (folder: string, pause: number): string => `
rm -rf ${folder}; mkdir -p ${folder}; cd ${folder}
while [ ! -e stop ]; do
  begun=$(date +%s%3N)
  if kubectl --kubeconfig=/etc/kubernetes/kubelet.conf --cache-dir=${folder}/cache --v=4 version --output=json >/dev/null 2>said; then answered=1
  else answered=0; grep -v -e envvar.go -e cert_rotation.go said >>errors; fi
  echo "$begun $(date +%s%3N) $answered $(grep -c 'Got a Retry-After' said)" >>requests
  sleep ${pause}
done`

/**
 * Asks the API through the worker's own proxy, each time over a connection of its own, until it is told to stop.
 *
 * @param pause seconds between requests; default 0: as fast as one client can, which takes most of a core
 */
export function startClient(hosts: LocalHosts, worker: string, pause = 0) {
  const folder = '/run/evcctl-test-client'
  const running = hosts.exec(worker, loop(folder, pause))
  return {
    async stop(): Promise<Measured> {
      await hosts.exec(worker, `touch ${folder}/stop`)
      await running
      const { stdout } = await hosts.exec(worker, `cat ${folder}/requests; echo; cat ${folder}/errors 2>/dev/null`)
      const [requests = '', errors = ''] = stdout.split('\n\n', 2)
      return measure(requests, errors)
    },
  }
}

/** What was measured, in a line. */
export function describeMeasured({ requests, failed, retried, longestGapMs }: Measured): string {
  return `${requests.length} requests, ${failed.length} failed, ${retried.length} retried, longest gap ${longestGapMs} ms`
}

/** Expects that every request was answered; a failure tells what kubectl said. */
export function expectAllAnswered({ failed, errors }: Measured): void {
  expect({ failed, errors }).toEqual({ failed: [], errors: '' })
}

function measure(text: string, errors: string): Measured {
  const requests = text
    .trim()
    .split('\n')
    .map(line => line.split(' ').map(Number) as [number, number, number, number])
    .map(([begun, ended, answered, retries]): Asked => ({ begun, ended, answered: answered === 1, retries }))
  const answered = requests.filter(request => request.answered)
  const gaps = answered.slice(1).map(({ ended }, index) => ended - answered[index]!.ended)
  return {
    requests,
    failed: requests.filter(request => !request.answered),
    retried: answered.filter(({ retries }) => retries > 0),
    longestGapMs: Math.max(0, ...gaps),
    errors,
  }
}

import { expect, test } from 'vitest'
import { askControlPlane } from '../../src/cli/status/ask-control-plane.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import { type ExchangeReply, HostError, type ProbeResult, type Session } from '../../src/core/index.ts'

const spec = parseClusterFile(
  `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: lab }
spec:
  hosts:
    - { name: cp1, address: 192.0.2.11, roles: [control-plane] }
    - { name: w1, address: 192.0.2.21, roles: [worker] }
    - { name: cp2, address: 192.0.2.12, roles: [control-plane] }
    - { name: cp3, address: 192.0.2.13, roles: [control-plane] }
`,
  'cluster.yaml',
)
const signal = new AbortController().signal

type Behaviour = 'has a cluster' | 'is bare' | 'refuses' | 'is silent' | 'is slow'

/** A pool whose hosts behave as told; `asked` tells which of them were, in order. */
function poolOf(behaviours: Readonly<Record<string, Behaviour>>) {
  const asked: string[] = []
  const session = async (host: string): Promise<Session> => {
    asked.push(host)
    const behaviour = behaviours[host]
    if (behaviour === 'is silent') await new Promise(() => {})
    if (behaviour === 'refuses')
      throw new HostError(host, 'unreachable', { where: `${host} (192.0.2.1:22)`, problem: 'connection refused' })
    const cluster: ProbeResult = {
      exitCode: behaviour === 'has a cluster' || behaviour === 'is slow' ? 0 : 1,
      stdout: '',
      stderr: '',
    }
    const reply = { jobs: [], results: [cluster, { exitCode: 0, stdout: `said by ${host}`, stderr: '' }] }
    return {
      host,
      exchange: async () => {
        if (behaviour === 'is slow') await new Promise(resolve => setTimeout(resolve, 40))
        return reply as unknown as ExchangeReply
      },
    }
  }
  return { asked, session }
}

async function ask(behaviours: Readonly<Record<string, Behaviour>>) {
  const pool = poolOf(behaviours)
  const answer = await askControlPlane(pool, spec, ['echo'], { signal, connectMs: 5, answerMs: 5000 })
  const silent = Object.fromEntries([...answer.silent].map(([host, { problem }]) => [host, problem]))
  return { said: answer.results[0]!.stdout, hasCluster: answer.hasCluster, silent, asked: pool.asked }
}

test('the first control plane node is asked, and no other where it answers', async () => {
  const outcome = await ask({ cp1: 'has a cluster', cp2: 'has a cluster', cp3: 'has a cluster' })
  expect(outcome).toEqual({ said: 'said by cp1', hasCluster: true, silent: {}, asked: ['cp1'] })
})

test('a machine that is off is not waited for', async () => {
  const outcome = await ask({ cp1: 'is silent', cp2: 'refuses', cp3: 'has a cluster' })
  expect(outcome).toEqual({
    said: 'said by cp3',
    hasCluster: true,
    silent: { cp1: 'it has not answered yet', cp2: 'connection refused' },
    asked: ['cp1', 'cp2', 'cp3'],
  })
})

test('one that is connected and slow is no machine that is off', async () => {
  const outcome = await ask({ cp1: 'is slow', cp2: 'has a cluster', cp3: 'has a cluster' })
  expect(outcome).toEqual({ said: 'said by cp1', hasCluster: true, silent: {}, asked: ['cp1'] })
})

test('a host without a cluster does not hide the cluster of another', async () => {
  const outcome = await ask({ cp1: 'is bare', cp2: 'has a cluster', cp3: 'is silent' })
  expect(outcome).toEqual({ said: 'said by cp2', hasCluster: true, silent: {}, asked: ['cp1', 'cp2'] })
})

test('where no host has a cluster, the first that answered speaks for all', async () => {
  const outcome = await ask({ cp1: 'refuses', cp2: 'is bare', cp3: 'is bare' })
  expect(outcome).toMatchObject({ said: 'said by cp2', hasCluster: false, silent: { cp1: 'connection refused' } })
})

test('where none answers, the error is that of the first', async () => {
  await expect(ask({ cp1: 'refuses', cp2: 'refuses', cp3: 'refuses' })).rejects.toThrow('cp1 (192.0.2.1:22)')
})

import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'yaml'
import type { TestCluster } from './cluster.ts'

/** What a writer has done. */
export interface Written {
  /** Names of the ConfigMaps whose creation an API server has acknowledged. */
  readonly acknowledged: readonly string[]
  /** How many attempts failed; each write is tried at the next API server, and once again at each. */
  readonly failedAttempts: number
  /** Acknowledged ConfigMaps that the cluster does not have at the end. */
  readonly lost: readonly string[]
}

const perSecond = 20
const namespace = '/api/v1/namespaces/default/configmaps'

/**
 * Creates 20 ConfigMaps a second as the administrator, at whichever API server answers, until it is told to stop; then reads
 * them back. `administrator`: the host whose admin.conf it has. `servers`: hosts with an API server, or that get one; one that
 * stays comes first.
 */
export async function startApiWriter(
  { hosts }: TestCluster,
  { administrator, servers }: { readonly administrator: string; readonly servers: readonly string[] },
) {
  const { stdout } = await hosts.exec(administrator, 'cat /etc/kubernetes/admin.conf')
  const { clusters, users } = parse(stdout) as {
    clusters: [{ cluster: Record<string, string> }]
    users: [{ user: Record<string, string> }]
  }
  const decoded = (text?: string): string => Buffer.from(text ?? '', 'base64').toString()
  const agent = new Agent({
    keepAlive: true,
    ca: decoded(clusters[0].cluster['certificate-authority-data']),
    cert: decoded(users[0].user['client-certificate-data']),
    key: decoded(users[0].user['client-key-data']),
  })
  const ask = (host: string, method: string, path: string, body?: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const url = `https://${hosts.host(host).address}:6443${path}`
      const headers = { 'content-type': 'application/json' }
      const asked = request(url, { agent, method, headers, timeout: 3000 }, answer => {
        let text = ''
        answer.setEncoding('utf8').on('data', chunk => (text += chunk))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
        answer.on('error', reject)
      })
      asked.on('timeout', () => asked.destroy(new Error('no answer within 3 s'))).on('error', reject)
      asked.end(body)
    })
  const acknowledged: string[] = []
  let failedAttempts = 0
  let stopped = false
  const write = async (name: string): Promise<void> => {
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { name } })
    for (const host of [...servers, ...servers]) {
      const status = await ask(host, 'POST', namespace, body).then(
        answer => answer.status,
        () => 0,
      )
      // An attempt without an answer may have been successful.
      if (status === 201 || status === 409) {
        acknowledged.push(name)
        return
      }
      failedAttempts++
    }
  }
  const running = (async () => {
    const writes: Promise<void>[] = []
    for (let count = 0; !stopped; count++) {
      writes.push(write(`written-${count}`))
      await sleep(1000 / perSecond)
    }
    await Promise.all(writes)
  })()
  return {
    async stop(): Promise<Written> {
      stopped = true
      await running
      const { text } = await ask(servers[0]!, 'GET', namespace)
      const { items } = JSON.parse(text) as { items: { metadata: { name: string }; data?: { name?: string } }[] }
      const there = new Set(
        items.filter(({ metadata, data }) => data?.name === metadata.name).map(one => one.metadata.name),
      )
      agent.destroy()
      return { acknowledged, failedAttempts, lost: acknowledged.filter(name => !there.has(name)) }
    },
  }
}

import { describe, expect, test } from 'vitest'
import { type ClusterSecrets, type Graph, Secret, type Task } from '../../src/index.ts'
import { clusterGraph, facts, specOf } from '../playbooks/given.ts'
import { bareState } from './bare-host.ts'

const proxy = { https: 'http://proxy.example:3128', noProxy: ['.corp.example'] }
const login = { username: 'CORP\\ada', password: { fromEnv: 'PROXY' } }
const secrets: ClusterSecrets = {
  registries: {},
  proxy: { username: 'CORP\\ada', password: new Secret('op"en $esame', 'password of ada') },
}

const cp1 = { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] }
const w1 = { name: 'w1', address: '192.0.2.21', roles: ['worker'] }
const w2 = { name: 'w2', address: '192.0.2.22', roles: ['worker'] }

/** What w1 gets for the proxy, by path. */
function filesOf(graph: Graph): ReadonlyMap<string, { readonly mode: number; readonly content: string | Secret }> {
  return new Map(
    proxyTasks(graph).flatMap(({ resource }) => {
      const steps = resource.converge(bareState(resource), resource.desired)
      return steps.flatMap(step => ('write' in step ? [[step.write, step] as const] : []))
    }),
  )
}

function proxyTasks(graph: Graph): Task[] {
  return [...graph.tasks.values()].filter(
    ({ id }) => id.startsWith('w1/') && /:\/etc\/.*(\/proxy\.env|no-proxy\.env|evcctl-proxy\.conf)$/.test(id),
  )
}

function changed(before: Graph, after: Graph): string[] {
  const [was, is] = [filesOf(before), filesOf(after)]
  return [...is].filter(([path, { content }]) => was.get(path)?.content !== content).map(([path]) => path)
}

describe.each([
  ['containerd', 'containerd.service'],
  ['cri-o', 'crio.service'],
  ['docker', 'docker.service'],
])('the proxy of %s', (runtime, unit) => {
  const graphWith = (given: object | undefined, hosts: readonly object[] = [cp1, w1], known?: ClusterSecrets) =>
    clusterGraph(specOf({ ...(given && { proxy: given }), runtime: { name: runtime }, hosts }), facts, known)
  const dropIn = `/etc/systemd/system/${unit}.d/50-evcctl-proxy.conf`
  const restarting = (graph: Graph) =>
    graph.edges
      .filter(({ from, to, watch }) => watch && to === `w1/unit:${unit}` && /proxy/.test(from))
      .map(({ from }) => from.replace(/^.*?:/, ''))
      .sort()

  test('is in its environment, with the password where only root can read it', () => {
    const files = filesOf(graphWith({ ...proxy, ...login }, [cp1, w1], secrets))
    expect([...files].map(([path, { mode }]) => [path, mode])).toEqual([
      ['/etc/evcctl/proxy.env', 0o600],
      ['/etc/evcctl/no-proxy.env', 0o644],
      [dropIn, 0o644],
    ])
    const secret = files.get('/etc/evcctl/proxy.env')!.content as Secret
    expect(secret.reveal()).toContain('HTTPS_PROXY="http://CORP%5Cada:op%22en%20%24esame@proxy.example:3128"\n')
    expect(JSON.stringify([...files])).not.toMatch(/esame/)
    expect(files.get('/etc/evcctl/no-proxy.env')!.content).toMatch(
      /^NO_PROXY="localhost,.*10\.96\.0\.0\/12,.*\.corp\.example,cp1,192\.0\.2\.11,w1,192\.0\.2\.21"$/m,
    )
    expect(files.get(dropIn)!.content).toMatch(/EnvironmentFile=-\/etc\/evcctl\/proxy\.env\n/)
  })

  test('is no secret where it has no password', () => {
    expect(filesOf(graphWith(proxy)).get('/etc/evcctl/proxy.env')).toMatchObject({
      mode: 0o644,
      content: expect.stringContaining('HTTPS_PROXY="http://proxy.example:3128"\n'),
    })
  })

  test('needs a restart when it changes, but not for one more host', () => {
    const before = graphWith(proxy)
    expect(restarting(before)).toEqual(['/etc/evcctl/proxy.env', dropIn])
    expect(changed(before, graphWith(proxy, [cp1, w1, w2]))).toEqual(['/etc/evcctl/no-proxy.env'])
    expect(changed(before, graphWith({ ...proxy, https: 'http://other.example:3128' }))).toEqual([
      '/etc/evcctl/proxy.env',
    ])
    expect(changed(before, graphWith({ ...proxy, noProxy: [] }))).toEqual(['/etc/evcctl/no-proxy.env', dropIn])
  })

  test('goes, with a restart, when it is no longer in cluster.yaml', () => {
    const without = graphWith(undefined)
    expect(restarting(without)).toEqual(['/etc/evcctl/proxy.env', dropIn])
    expect(proxyTasks(without).map(({ resource }) => resource.kind)).toEqual(['absent', 'absent', 'absent'])
  })
})

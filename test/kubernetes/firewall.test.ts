import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testFirewalls } from '../hosts/kit/firewalls.ts'
import { askFromPod } from './kit/ask-service.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { evcctl } from './kit/evcctl.ts'
import { workload } from './kit/workload.ts'

/** A different firewall on every node. */
const firewalls = { cp1: 'ufw', w1: 'nftables', w2: 'firewalld' } as const
const names = Object.keys(firewalls) as (keyof typeof firewalls)[]

const nodePort = `
apiVersion: v1
kind: Service
metadata: { name: web-outside }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }]
`

let cluster: TestCluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: '1+2', variant: 'firewalls' })
  for (const name of names) {
    const { on } = testFirewalls.find(({ kind }) => kind === firewalls[name])!
    const { exitCode, stderr } = await cluster.hosts.exec(name, on)
    if (exitCode !== 0) throw new Error(`${firewalls[name]} on ${name}: ${stderr}`)
  }
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

/** Whether this machine, which is not in the cluster, gets a connection. */
function reaches(name: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: cluster.hosts.host(name).address, port, timeout: 3000 })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => end(true))
    socket.on('timeout', () => end(false))
    socket.on('error', () => end(false))
  })
}

describe.sequential('a cluster of hosts with firewalls', () => {
  test('is made, and needs nothing afterwards', async () => {
    const outcome = await evcctl(['apply', cluster.file, '--yes'], cluster.env)
    expect(outcome.stderr).toBe('')
    expect(outcome.exitCode).toBe(0)
    const plan = await evcctl(['plan', cluster.file], cluster.env)
    expect(plan.stdout).toContain('No changes.')
  })

  test('has pods that reach each other across nodes, and names', async () => {
    const archive = cluster.mirror.images.find(({ file }) => file.includes('busybox'))
    for (const name of names.slice(1)) {
      if (archive === undefined) break
      const load = `curl -fsS ${cluster.mirrorUrl}/${archive.file.slice(cluster.mirror.folder.length + 1)} | ctr -n k8s.io images import -`
      expect((await cluster.hosts.exec(name, load)).exitCode).toBe(0)
    }
    const image = archive?.refs[0] ?? 'registry.k8s.io/e2e-test-images/busybox:1.29-4'
    await cluster.hosts.exec('cp1', `cat >/root/workload.yaml <<'EOF'\n${workload(image)}\n---${nodePort}\nEOF`)
    await cluster.kubectl('apply', '-f', '/root/workload.yaml')
    await cluster.kubectl('rollout', 'status', 'deployment/web', 'daemonset/client', '--timeout=300s')
    const clients = (await cluster.kubectl('get', 'pods', '-l', 'app=client', '-o', 'name')).trim().split('\n')
    expect(clients).toHaveLength(2)
    const servers = (
      await cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.podIP}')
    ).split(' ')
    expect(servers).toHaveLength(2)
    for (const pod of clients) {
      for (const server of servers) expect(await askFromPod(cluster, pod, `${server}:8080`)).toMatch(/^web-/)
      expect(await askFromPod(cluster, pod, 'web.default.svc.cluster.local')).toMatch(/^web-/)
    }
  })

  test('lets this machine reach NodePorts and SSH only, and says how kubectl gets in', async () => {
    for (const name of names) {
      expect([name, await reaches(name, 22)]).toEqual([name, true])
      expect([name, await reaches(name, 30_080)]).toEqual([name, true])
      for (const port of [6443, 2379, 2380, 10_250])
        expect([name, port, await reaches(name, port)]).toEqual([name, port, false])
    }
    const kubeconfig = await evcctl(['kubeconfig', cluster.file, '--file', `${cluster.folder}/kubeconfig`], cluster.env)
    expect(kubeconfig.stderr).toContain('spec.firewall.apiFrom')
  })

  test('goes on after each firewall was started anew', async () => {
    for (const name of names) {
      const { restarts } = testFirewalls.find(({ kind }) => kind === firewalls[name])!
      await cluster.hosts.exec(name, restarts[0]!)
    }
    await sleep(3000)
    const plan = await evcctl(['plan', cluster.file], cluster.env)
    expect(plan.stdout).toContain('No changes.')
    expect((await cluster.kubectl('get', 'nodes', '--no-headers')).match(/ Ready /g)).toHaveLength(3)
  })
})

import { describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/core/errors.ts'
import { makeCluster } from '../kit/certificates.ts'
import { eventsOf, type Outcome } from '../kubernetes/kit/evcctl.ts'
import { fileSystem, writtenPaths } from './kit/file-system.ts'
import { clusterOf, printed, stackTrace } from './kit/scene.ts'
import { useHosts } from './kit/use-hosts.ts'

const nodes = ['cp1', 'w1']
const own = makeCluster()
const other = makeCluster()

const on = useHosts({
  hosts: [
    { name: 'cp1', roles: ['control-plane'] },
    { name: 'w1', roles: ['worker'] },
    { name: 'balancer', roles: ['worker'] },
  ],
})

/** Lets the load balancer answer as an API server of some cluster would. */
async function answerAs({ server }: ReturnType<typeof makeCluster>): Promise<void> {
  await on.sh('balancer', `cat >/root/server.pem <<'EOF'\n${server.certificate}${server.key}\nEOF`)
  await on.sh(
    'balancer',
    `systemd-run --quiet --unit answers openssl s_server -quiet -www -port 6443 -cert /root/server.pem
     until openssl s_client -connect 127.0.0.1:6443 </dev/null >/dev/null 2>&1; do sleep 0.1; done`,
  )
}

async function run(command: 'plan' | 'apply', endpoint: string, ...flags: string[]): Promise<Outcome> {
  const entries = nodes.map(name => ({ name }))
  // A CA alone stands for a cluster here.
  const preflight = { minFree: { '/var/lib': '1Mi', '/usr/local/bin': '1Mi' }, ignore: ['kubernetesFiles'] }
  const file = await on.scene.write(
    'cluster.yaml',
    clusterOf(on.hosts, entries, { controlPlane: { endpoint }, preflight }),
  )
  return on.scene.run(command, file, ...flags)
}

const balancer = (): string => `${on.hosts.host('balancer').address}:6443`

describe.sequential('the endpoint of an external load balancer', () => {
  test('may refuse connections as long as there is no cluster, and costs no exchange', async () => {
    const outcome = await run('plan', balancer(), '--output', 'json')
    expect(outcome.exitCode).toBe(exitCodes.ok)
    const exchanges = eventsOf(outcome).filter(event => event.type === 'exchange')
    expect(exchanges.map(({ host }) => host).sort()).toEqual(['cp1', 'cp1', 'w1', 'w1'])
  })

  test('has to have an address on every node', async () => {
    await on.sh('cp1', `echo '${on.hosts.host('balancer').address} api.internal' >>/etc/hosts`)
    const text = printed(await run('plan', 'api.internal:6443'))
    expect(text).toMatch(/^ +w1 \(.*\)/m)
    expect(text).toContain('The host finds no address for the name of the API endpoint api.internal:6443.')
    expect(text).not.toMatch(/^ *cp1 \(/m)
  })

  test('must not be that of another cluster: nothing is written', async () => {
    await answerAs(other)
    const before = await Promise.all(nodes.map(name => fileSystem(on.hosts, name)))
    const outcome = await run('apply', balancer(), '--yes')
    const text = printed(outcome)
    expect(outcome.exitCode).toBe(exitCodes.failed)
    expect(text).toContain(`Something answers at the API endpoint ${balancer()} already`)
    expect(text).toMatch(/^cp1 \(.*\)/m)
    expect(text).toMatch(/^w1 \(.*\)/m)
    expect(text).not.toMatch(stackTrace)
    const after = await Promise.all(nodes.map(name => fileSystem(on.hosts, name)))
    expect(nodes.map((_, index) => writtenPaths(before[index]!, after[index]!))).toEqual([[], []])
  })

  test('has to show a certificate of the CA that the standing cluster has', async () => {
    const place = (ca: string) =>
      on.sh('cp1', `mkdir -p /etc/kubernetes/pki; cat >/etc/kubernetes/pki/ca.crt <<'EOF'\n${ca}EOF`)
    await place(own.ca.certificate)
    const text = printed(await run('plan', balancer()))
    expect(text).toContain(`The API endpoint ${balancer()} does not lead to this cluster`)
    expect(text).toMatch(/expected +a certificate signed by .*\n +actual +CN=kube-apiserver, issued by CN=kubernetes/)
    await place(other.ca.certificate)
    expect((await run('plan', balancer())).exitCode).toBe(exitCodes.ok)
    await on.sh('cp1', 'rm -r /etc/kubernetes')
  })

  test('has to be reached from every node', async () => {
    await on.hosts.disconnect('balancer')
    const text = printed(await run('plan', balancer()))
    expect(text).toContain(`The host does not reach the API endpoint ${balancer()}.`)
    expect(text).toMatch(/actual +(no answer within 5 s|No route to host) \(/)
    expect(text).toContain('spec.preflight.ignore: [endpoint]')
  })
})

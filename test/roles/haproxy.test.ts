import { describe, expect, test } from 'vitest'
import { haproxy } from '../../roles/haproxy/index.ts'
import { dependenciesOf, file, GraphBuilder } from '../../src/index.ts'

function declare(upstreams: readonly string[], own?: string) {
  const builder = new GraphBuilder()
  const first = builder.scope('w1', 'os').add(file({ path: '/first', content: '', mode: 0o600 }))
  const outputs = haproxy.declare(builder.scope('w1', 'haproxy'), {
    port: 7443,
    upstreams: [...upstreams],
    ...(own === undefined ? {} : { own }),
    upstreamPort: 6443,
    replaces: 'evcctl-nginx-proxy.service',
    after: [first],
  })
  const graph = builder.build()
  const content = (path: string): string =>
    String([...graph.tasks.values()].find(task => task.id === `w1/file:${path}`)?.resource.desired.content)
  return { outputs, graph, content }
}

const config = '/etc/evcctl/haproxy.cfg'
const unit = '/etc/systemd/system/evcctl-haproxy.service'

describe('haproxy as the local proxy', () => {
  test('balances over all API servers that say they are ready', async () => {
    const { content, outputs } = declare(['192.0.2.12', '192.0.2.11', '2001:db8::11'])
    await expect(content(config)).toMatchFileSnapshot('../goldens/roles/haproxy.cfg')
    await expect(content(unit)).toMatchFileSnapshot('../goldens/roles/evcctl-haproxy.service')
    expect(outputs.endpoint).toBe('127.0.0.1:7443')
  })

  test('asks an API server of its own host first', () => {
    const servers = (own: string) =>
      declare(['192.0.2.11', '192.0.2.12'], own)
        .content(config)
        .match(/^ {2}server .*$/gm)
    expect(servers('192.0.2.12')).toEqual([
      '  server api1 192.0.2.11:6443 backup',
      '  server api2 192.0.2.12:6443 on-error mark-down',
      // When none is ready, all are asked alike.
      '  server api1 192.0.2.11:6443',
      '  server api2 192.0.2.12:6443',
    ])
    // One alone is never a substitute.
    expect(declare(['192.0.2.11'], '192.0.2.11').content(config)).not.toContain(' backup')
  })

  test('takes the place of nginx, which is taken out of the boot only when it has come up', () => {
    const { graph, outputs } = declare(['192.0.2.11'])
    const stopped = [...graph.tasks.keys()].find(id => id.endsWith('unit:evcctl-nginx-proxy.service'))!
    expect(dependenciesOf(graph).get(stopped)).toEqual([outputs.ready.id])
    expect(dependenciesOf(graph).get(outputs.ready.id)).toEqual([
      'w1/file:/first',
      `w1/file:${config}`,
      `w1/file:${unit}`,
    ])
  })
})

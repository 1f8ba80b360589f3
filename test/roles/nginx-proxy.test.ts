import { describe, expect, test } from 'vitest'
import { nginxProxy } from '../../roles/nginx-proxy/index.ts'
import { file, GraphBuilder } from '../../src/index.ts'

function declare(upstreams: readonly string[]) {
  const builder = new GraphBuilder()
  const first = builder.scope('w1', 'os').add(file({ path: '/first', content: '', mode: 0o600 }))
  const outputs = nginxProxy.declare(builder.scope('w1', 'nginx-proxy'), {
    port: 7443,
    upstreams: [...upstreams],
    upstreamPort: 6443,
    replaces: 'evcctl-haproxy.service',
    after: [first],
  })
  const graph = builder.build()
  const content = (path: string): unknown =>
    [...graph.tasks.values()].find(task => task.id === `w1/file:${path}`)?.resource.desired.content
  return { outputs, graph, content }
}

const config = '/etc/evcctl/nginx-proxy.conf'
const unit = '/etc/systemd/system/evcctl-nginx-proxy.service'

describe('the local proxy', () => {
  test('balances over all API servers, IPv6 addresses in brackets', async () => {
    const { content, outputs } = declare(['192.0.2.12', '192.0.2.11', '2001:db8::11'])
    await expect(content(config)).toMatchFileSnapshot('../goldens/roles/nginx-proxy.conf')
    await expect(content(unit)).toMatchFileSnapshot('../goldens/roles/evcctl-nginx-proxy.service')
    expect(outputs.endpoint).toBe('127.0.0.1:7443')
  })

  test('is the same whatever the order of the control plane nodes', () => {
    expect(declare(['192.0.2.12', '192.0.2.11']).content(config)).toBe(
      declare(['192.0.2.11', '192.0.2.12']).content(config),
    )
  })

  test('is started after its files and what it was told to wait for', () => {
    const { graph, outputs } = declare(['192.0.2.11'])
    expect(graph.edges.filter(edge => edge.to === outputs.ready.id)).toEqual([
      { from: 'w1/file:/first', to: outputs.ready.id, watch: false },
      { from: `w1/file:${config}`, to: outputs.ready.id, watch: true },
      { from: `w1/file:${unit}`, to: outputs.ready.id, watch: true },
    ])
  })
})

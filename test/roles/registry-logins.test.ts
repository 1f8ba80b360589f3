import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { describe, expect, test } from 'vitest'
import {
  declareLogins,
  type Graph,
  GraphBuilder,
  type RegistryLogins,
  redact,
  Secret,
  type Task,
  type TaskId,
} from '../../src/index.ts'
import { temporaryFolder } from '../kit/folder.ts'
import { converge } from '../kit/local-sh.ts'
import { clusterGraph, facts, specOf } from '../playbooks/given.ts'
import { bareState } from './bare-host.ts'

const password = 'pa"ss\\wörd'

function graphWith(name: string, registries: readonly string[]): Graph {
  const logins = registries.map(registry => [
    registry,
    { username: 'ada', password: new Secret(password, 'password of ada') },
  ])
  return clusterGraph(specOf({ runtime: { name } }), facts, { registries: Object.fromEntries(logins) })
}

function written(graph: Graph, id: string) {
  const task = graph.tasks.get(id as TaskId)
  expect(task, id).toBeDefined()
  const { resource } = task as Task
  const step = resource.converge(bareState(resource), resource.desired).find(one => 'write' in one)
  const content = (step as { content: string | Secret }).content
  const mode = (step as { mode: number }).mode
  return { mode, shown: String(content), plain: content instanceof Secret ? content.reveal() : content }
}

const basic = Buffer.from(`ada:${password}`).toString('base64')

describe('credentials of registries reach', () => {
  test('containerd in its config.toml, by the host that it asks', () => {
    const graph = graphWith('containerd', ['docker.io', 'registry.example:5000'])
    const { mode, shown, plain } = written(graph, 'w1/file:/etc/containerd/config.toml')
    expect([mode, shown]).toEqual([0o600, '<content of /etc/containerd/config.toml>'])
    const { plugins } = parse(plain) as { plugins: Record<string, { registry: { configs: unknown } }> }
    expect(plugins['io.containerd.cri.v1.images']?.registry.configs).toEqual({
      'registry-1.docker.io': { auth: { username: 'ada', password } },
      'registry.example:5000': { auth: { username: 'ada', password } },
    })
  })

  test('CRI-O in a file that its configuration names', () => {
    const graph = graphWith('cri-o', ['registry.example:5000'])
    const { mode, shown, plain } = written(graph, 'w1/file:/etc/evcctl/registries.json')
    expect([mode, shown]).toEqual([0o600, '<content of /etc/evcctl/registries.json>'])
    expect(JSON.parse(plain)).toMatchObject({ auths: { 'registry.example:5000': { auth: basic } } })
    const config = written(graph, 'w1/file:/etc/crio/crio.conf.d/10-evcctl.conf')
    expect([config.mode, config.plain]).toEqual([
      0o644,
      expect.stringContaining('global_auth_file = "/etc/evcctl/registries.json"'),
    ])
  })

  test('Docker by the kubelet, which is restarted for them', () => {
    const graph = graphWith('docker', ['docker.io', 'registry.example:5000'])
    const { mode, plain } = written(graph, 'w1/file:/var/lib/kubelet/config.json')
    expect(mode).toBe(0o600)
    expect(JSON.parse(plain)).toMatchObject({
      auths: { 'https://index.docker.io/v1/': { auth: basic }, 'registry.example:5000': { auth: basic } },
    })
    const edges = graph.edges.filter(({ from }) => from.includes('/var/lib/kubelet/config.json'))
    expect(edges).toContainEqual({
      from: 'w1/file:/var/lib/kubelet/config.json',
      to: 'w1/unit:kubelet.service',
      watch: true,
    })
    expect(redact(`Authorization: Basic ${basic}`)).toBe('Authorization: Basic <secret>')
  })
})

test('a file of logins follows the password, and goes when there are none; one of somebody else stays', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'config.json')
  const resourceWith = (value?: string) => {
    const logins: RegistryLogins =
      value === undefined ? {} : { a: { username: 'ada', password: new Secret(value, 'password') } }
    const builder = new GraphBuilder()
    const task = declareLogins(builder.scope('w1', 'kubelet'), path, logins)
    const { resource } = builder.build().tasks.get(task.id)!
    // The test may not be root.
    const owner = `${process.getuid?.()}:${process.getgid?.()}`
    return { ...resource, desired: { ...resource.desired, ...('owner' in resource.desired ? { owner } : {}) } }
  }
  expect(converge(resourceWith('first one'))?.action).toBe('create')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(converge(resourceWith('first one'))).toBeUndefined()
  const change = converge(resourceWith('second one'))
  expect(change?.fields.map(({ field }) => field)).toEqual(['content'])
  expect(JSON.stringify(change)).not.toContain(Buffer.from('ada:second one').toString('base64'))
  expect(readFileSync(path, 'utf8')).toContain(Buffer.from('ada:second one').toString('base64'))
  expect(converge(resourceWith())?.action).toBe('delete')
  expect(converge(resourceWith())).toBeUndefined()
  writeFileSync(path, '{"auths":{}}')
  expect(converge(resourceWith())).toBeUndefined()
})

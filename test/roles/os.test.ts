import { describe, expect, test } from 'vitest'
import { type OsParameters, os } from '../../roles/os/index.ts'
import { GraphBuilder, packages, swapOff } from '../../src/index.ts'

const parameters: OsParameters = {
  packages: { manage: true, updateCache: 'when needed', extra: ['nginx'], keepDisabled: ['nginx.service'] },
  sysctls: {},
  kernelModules: ['ip_vs'],
  disableSwap: true,
  setHostname: true,
  hostname: 'w1',
  address: '192.0.2.21',
}

function declare(overrides: Partial<OsParameters> = {}) {
  const builder = new GraphBuilder()
  const outputs = os.declare(builder.scope('w1', 'os'), { ...parameters, ...overrides })
  const graph = builder.build()
  const resource = (kind: string) => [...graph.tasks.values()].find(task => task.resource.kind === kind)?.resource
  return { outputs, graph, resource }
}

describe('the os role', () => {
  test('declares what a node needs, nearly all of it independent of the rest', () => {
    const { graph, outputs } = declare()
    expect([...graph.tasks.keys()]).toEqual([
      'w1/folder:/var/lib/evcctl',
      'w1/folder:/etc/evcctl',
      'w1/packages:apt',
      'w1/kernel modules:/etc/modules-load.d/evcctl.conf',
      'w1/sysctls:/etc/sysctl.d/99-zz-evcctl.conf',
      'w1/swap:off',
      'w1/hostname:w1',
      'w1/hosts entry:own name',
    ])
    expect(graph.edges.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'w1/kernel modules:/etc/modules-load.d/evcctl.conf → w1/sysctls:/etc/sysctl.d/99-zz-evcctl.conf',
    ])
    expect(outputs.all).toHaveLength(graph.tasks.size)
    expect(outputs.packages?.resource.kind).toBe(packages({ names: [], updateCache: 'never', platform: 'apt' }).kind)
  })

  test('installs the packages of other roles along with its own', () => {
    expect(declare().resource('packages')?.desired.names).toEqual(expect.arrayContaining(['conntrack', 'nginx']))
    expect(declare().resource('kernel modules')?.desired.names).toEqual([
      'br_netfilter',
      'ip_vs',
      'nf_conntrack',
      'overlay',
    ])
  })

  test("takes the user's kernel settings before its own", () => {
    const own = { 'kernel.panic': '0', 'fs.inotify.max_user_instances': '512', 'vm.swappiness': '10' }
    const desired = declare({ sysctls: own }).resource('sysctls')?.desired
    expect(desired?.values).toMatchObject({ ...own, 'net.ipv4.ip_forward': '1' })
    expect(desired?.atLeast).toEqual({})
  })

  test('leaves alone what it is told to', () => {
    const { graph, outputs } = declare({
      packages: { ...parameters.packages, manage: false },
      disableSwap: false,
      setHostname: false,
      address: undefined,
    })
    const kinds = [...graph.tasks.values()].map(task => task.resource.kind)
    expect(kinds).toEqual(['folder', 'folder', 'kernel modules', 'sysctls'])
    expect(kinds).not.toContain(swapOff().kind)
    expect(outputs.packages).toBeUndefined()
  })
})

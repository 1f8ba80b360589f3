import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { inventoryOf } from '../../src/cluster/index.ts'
import { facts, factsOf, specOf } from '../playbooks/given.ts'

const named = (name: string, address: string, role: string) => ({ name, address, roles: [role] })

describe('the inventory of a cluster', () => {
  test('raises nothing by itself, and what cannot be known each time that it is asked for', () => {
    const inventory = inventoryOf(specOf(), kubeadm, new Map())
    expect(inventory.silent.map(({ name }) => name)).toEqual(['cp1', 'w1', 'jetson-07'])
    expect(inventory.firstHost.name).toBe('cp1')
    expect(() => inventory.first).toThrow(/first control plane node cannot be reached/)
    expect(() => inventory.first).toThrow(/first control plane node cannot be reached/)
  })

  test('goes through a control plane node whose API server runs, if there is one', () => {
    const spec = specOf({
      hosts: ['cp1', 'cp2', 'cp3'].map((name, index) => named(name, `192.0.2.1${index}`, 'control-plane')),
    })
    const known = (...serving: readonly string[]) =>
      new Map(
        ['cp1', 'cp2'].map(name => {
          const listening = serving.includes(name) ? [{ port: 6443, address: '::', process: 'kube-apiserver' }] : []
          const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true }
          return [name, factsOf(name, '192.0.2.10', { listening, kubernetes })]
        }),
      )
    const first = (facts: ReturnType<typeof known>) => inventoryOf(spec, kubeadm, facts).firstHost.name
    expect(first(known('cp1', 'cp2'))).toBe('cp1')
    expect(first(known('cp2'))).toBe('cp2')
    expect(first(known())).toBe('cp1')
  })

  test('derives what is asked for once', () => {
    const inventory = inventoryOf(specOf(), kubeadm, facts)
    expect(inventory.machines).toBe(inventory.machines)
    expect(inventory.first).toBe(inventory.machines[0])
    expect(inventory.networkPath).toBe(inventory.networkPath)
  })

  test('knows a host that does not answer by its address in the file, if there is one', () => {
    const hosts = [named('cp1', '192.0.2.11', 'control-plane'), named('cp2', 'cp2.example', 'control-plane')]
    const spec = specOf({ hosts: [...hosts, named('cp3', '192.0.2.13', 'control-plane')] })
    const known = (...names: readonly string[]) => new Map(names.map(name => [name, factsOf(name, '192.0.2.12')]))
    expect(inventoryOf(spec, kubeadm, known('cp1', 'cp2')).apiServers).toEqual([
      '192.0.2.11',
      '192.0.2.12',
      '192.0.2.13',
    ])
    expect(() => inventoryOf(spec, kubeadm, known('cp1')).apiServers).toThrow(/does not have the address at which/)
  })

  test('lists etcd hosts with the one that signs first', () => {
    const etcd = ['e1', 'e2', 'e3'].map((name, index) => named(name, `192.0.2.3${index + 1}`, 'etcd'))
    const hosts = [named('cp1', '192.0.2.11', 'control-plane'), ...etcd]
    const spec = specOf({ hosts, etcd: { topology: 'external' } })
    const known = new Map(hosts.map(({ name, address }) => [name, factsOf(name, address)]))
    known.set('e2', { ...factsOf('e2', '192.0.2.32'), etcd: { data: 'formed', own: true, ca: true, client: false } })
    const inventory = inventoryOf(spec, kubeadm, known)
    expect(inventory.etcdMachines.map(({ name }) => name)).toEqual(['e2', 'e1', 'e3'])
    expect(inventory.etcdEndpoints?.[0]).toBe('https://192.0.2.31:2379')
    expect(inventoryOf(specOf(), kubeadm, facts).etcdEndpoints).toBeUndefined()
  })
})

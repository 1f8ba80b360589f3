import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { calicoKustomization } from '../../roles/calico/patches.ts'
import { ciliumValues } from '../../roles/cilium/values.ts'
import type { Graph, TaskId } from '../../src/index.ts'
import { clusterGraph, facts, specOf } from '../playbooks/given.ts'
import { pictureOf } from '../playbooks/picture.ts'
import { bareState } from './bare-host.ts'

const picture = (graph: Graph, name: string) => pictureOf(graph, ({ role }) => role === name)

describe('Calico', () => {
  test.each([
    ['vxlan', { encapsulation: 'vxlan', registry: 'registry.example:5000/calico' }],
    ['ipip', { encapsulation: 'ipip' }],
  ] as const)('has the patches of the golden for %s', async (name, settings) => {
    const text = stringify(calicoKustomization({ podCIDR: '10.244.0.0/16', ...settings }), { lineWidth: 0 })
    await expect(text).toMatchFileSnapshot(`../goldens/roles/calico-${name}.yaml`)
  })

  test('is declared in the order of the picture, and nothing of flannel', async () => {
    const graph = clusterGraph(specOf({ network: { cni: 'calico' } }), facts)
    await expect(picture(graph, 'calico')).toMatchFileSnapshot('../goldens/roles/calico.txt')
    expect([...graph.tasks.keys()].join('\n')).not.toMatch(/flannel|pod network:/)
    expect([...graph.tasks.keys()]).toContain('w1/network check:w1')
  })

  test('is configured again when anything of it is another', () => {
    const configuration = (network: object) => {
      const graph = clusterGraph(specOf({ network: { cni: 'calico', ...network } }), facts)
      return graph.tasks.get('cp1/kustomization:calico' as TaskId)!.resource.desired.configuration
    }
    const all = [
      {},
      { podCIDR: '10.1.0.0/16' },
      { calico: { encapsulation: 'ipip' } },
      { calico: { version: '3.32.0' } },
    ]
    expect(new Set(all.map(configuration)).size).toBe(all.length)
    expect(configuration({})).toBe(configuration({}))
  })
})

describe('Cilium', () => {
  test('is declared in the order of the picture, and nothing of flannel', async () => {
    const graph = clusterGraph(specOf({ network: { cni: 'cilium' } }), facts)
    await expect(picture(graph, 'cilium')).toMatchFileSnapshot('../goldens/roles/cilium.txt')
    expect([...graph.tasks.keys()].join('\n')).not.toMatch(/flannel|pod network:/)
  })

  test('values of cluster.yaml are laid over those of evcctl', () => {
    const given = { kubeProxyReplacement: false, endpoint: '[2001:db8::1]:6443', nodes: 1 }
    expect(
      ciliumValues({ ...given, values: { operator: { prometheus: { enabled: true } }, routingMode: null } }),
    ).toEqual({
      envoy: { rollOutPods: true },
      hubble: { relay: { rollOutPods: true } },
      ipam: { mode: 'kubernetes' },
      k8sServiceHost: '2001:db8::1',
      k8sServicePort: 6443,
      kubeProxyReplacement: false,
      loadBalancer: { serviceTopology: true },
      operator: { replicas: 1, rollOutPods: true, prometheus: { enabled: true } },
      rollOutCiliumPods: true,
      tunnelProtocol: 'vxlan',
    })
  })

  test('in the place of kube-proxy, kubeadm is told to leave that out for good', () => {
    const kubeadm = (kubeProxyReplacement: boolean) => {
      const graph = clusterGraph(specOf({ network: { cni: 'cilium', cilium: { kubeProxyReplacement } } }), facts)
      const { resource } = graph.tasks.get('cp1/file:/etc/evcctl/kubeadm.yaml' as TaskId)!
      return JSON.stringify(resource.converge(bareState(resource), resource.desired))
    }
    expect(kubeadm(true)).toContain('proxy:\\n  disabled: true')
    expect(kubeadm(true)).not.toContain('KubeProxyConfiguration')
    expect(kubeadm(false)).not.toContain('disabled: true')
    expect(kubeadm(false)).toContain('KubeProxyConfiguration')
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { askedFrom } from '../../src/cli/actions/network-check-text.ts'
import { networkName, networkPathOf, peersOf } from '../../src/cluster/index.ts'
import { specOf } from '../playbooks/given.ts'

const named = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`)

test('in a small cluster every pair is asked exactly once, and by the command both ways', () => {
  const nodes = named(9)
  const pairs = nodes.flatMap(node =>
    peersOf(nodes)
      .get(node)!
      .map(peer => [node, peer].sort().join(' ')),
  )
  expect(new Set(pairs).size).toBe(36)
  expect(pairs.length).toBe(36)
  for (const node of nodes) expect(askedFrom(nodes).get(node)).toEqual(nodes.filter(other => other !== node))
})

test('in a large cluster every node asks few and is connected with all, and new nodes make no work for the others', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 50 }), (count, more) => {
      const nodes = named(count)
      const grown = named(count + more)
      const [all, ofGrown] = [peersOf(nodes), peersOf(grown)]
      for (const node of nodes) {
        const peers = all.get(node)!
        const connected = node === 'n0' || peers.includes('n0')
        const same = ofGrown.get(node)!.join() === peers.join()
        if (!connected || !same || peers.length > Math.max(8, Math.log2(count) + 2)) return false
      }
      return true
    }),
  )
})

test.each([
  [{}, 'UDP port 8472'],
  [{ flannel: { backend: 'host-gw' } }, undefined],
  [{ cni: 'none' }, undefined],
  [{ cni: 'calico' }, 'UDP port 4789'],
  [{ cni: 'calico', calico: { encapsulation: 'ipip' } }, 'IP protocol 4 or TCP port 179'],
  [{ cni: 'cilium' }, 'UDP port 8472'],
  [{ cni: 'cilium', cilium: { values: { tunnelPort: 8473 } } }, 'UDP port 8473'],
  [{ cni: 'cilium', cilium: { values: { tunnelProtocol: 'geneve', tunnelPort: 0 } } }, 'UDP port 6081'],
  [{ cni: 'cilium', cilium: { values: { encryption: { enabled: true, type: 'wireguard' } } } }, 'UDP port 51871'],
  [{ cni: 'cilium', cilium: { values: { encryption: { enabled: false, type: 'wireguard' } } } }, 'UDP port 8472'],
  [{ cni: 'cilium', cilium: { values: { routingMode: 'native', encryption: null } } }, undefined],
])('the settings %j decide what carries packets of pods', (network, carriedBy) => {
  expect(networkPathOf(specOf({ network })).carriedBy).toBe(carriedBy)
})

test('the name of a network changes when the network has to be proven again', () => {
  const names = [
    {},
    { flannel: { backend: 'host-gw' } },
    { podCIDR: '10.1.0.0/16' },
    { serviceCIDR: '10.97.0.0/16' },
  ].map(network => networkName(specOf({ network })))
  expect(new Set(names).size).toBe(names.length)
  expect(networkName(specOf())).toBe(networkName(specOf()))
})

test("the image of the check is the runtime's own for sandboxes", () => {
  const plugins = { 'io.containerd.cri.v1.images': { pinned_images: { sandbox: 'registry.example/pause:1' } } }
  expect(kubeadm.sandboxImage(specOf())).toBe('registry.k8s.io/pause:3.10.2')
  expect(kubeadm.sandboxImage(specOf({ images: { registry: 'registry.example' } }))).toBe(
    'registry.example/pause:3.10.2',
  )
  expect(kubeadm.sandboxImage(specOf({ runtime: { configPatches: [{ plugins }, {}] } }))).toBe(
    'registry.example/pause:1',
  )
})

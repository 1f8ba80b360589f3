import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { cluster } from '../../playbooks/cluster.ts'
import { changingBatches, hostBatches } from '../../playbooks/rolling.ts'
import { dropFormerCa, trustBothCas } from '../../playbooks/rotate-ca.ts'
import {
  type AnyResource,
  type ClusterSpec,
  type Graph,
  type HostFacts,
  inventoryOf,
  type Operation,
  type TaskId,
} from '../../src/index.ts'
import { stateOf } from '../resources/state-of.ts'
import { factsOf, specOf, waitsFor } from './given.ts'
import { pictureOf } from './picture.ts'

const hosts = [
  ...['cp1', 'cp2', 'cp3'].map((name, at) => ({ name, address: `192.0.2.${11 + at}`, roles: ['control-plane'] })),
  ...['w1', 'w2', 'w3', 'w4', 'w5'].map((name, at) => ({ name, address: `192.0.2.${21 + at}`, roles: ['worker'] })),
]
const spec = specOf({ hosts, rollout: { maxUnavailable: 2 } })
type Rotation = HostFacts['kubernetes']['caRotation']
const next = 'a'.repeat(64)

/** Facts of nodes that run; `rotations`: those of a rotation that is under way, by name. */
function standing(
  rotations: Readonly<Record<string, Rotation>> = {},
  left: readonly string[] = [],
  crossed: readonly string[] = Object.keys(rotations),
): ReadonlyMap<string, HostFacts> {
  return new Map(
    hosts
      .filter(({ name }) => !left.includes(name))
      .map(({ name, address, roles }) => {
        const server = roles.includes('control-plane')
        const listening = [22, ...(server ? [2379] : [])].map(port => ({ port, address: '0.0.0.0', process: 'x' }))
        const caRotation = rotations[name]
        const kubernetes = {
          kubeletConf: true,
          adminConf: server,
          controlPlane: server,
          ...(caRotation === undefined ? {} : { caRotation }),
          ...(crossed.includes(name) ? { crossCertificate: true as const } : {}),
        }
        return [name, factsOf(name, address, { kubernetes, listening })]
      }),
  )
}

const graphOf = (operation: Operation, facts = standing(), of: ClusterSpec = spec): Graph =>
  operation(inventoryOf(of, kubeadm, facts))
const apart = { next, apart: true, trustsFormer: true, hasKey: true }
const rotating = { cp1: apart, cp2: apart, cp3: apart }
const resourceOf = (graph: Graph, id: string): AnyResource => graph.tasks.get(id as TaskId)!.resource
const earlier = (graph: Graph, id: string) => [...waitsFor(graph, id)]
const trusts = hosts.map(({ name }) => `${name}/trusted CA:node`)
const signs = ['cp1', 'cp2', 'cp3'].map(name => `${name}/CA rotation:signing CA`)
const kubelets = hosts.map(({ name }) => `${name}/CA rotation:kubelet`)

describe('the first step of a rotation of the CA', () => {
  const graph = graphOf(trustBothCas)

  test('does its work in the order of the picture', async () => {
    await expect(pictureOf(graph)).toMatchFileSnapshot('../goldens/playbooks/rotate-ca.txt')
  })

  test('lets nothing sign with the new CA before every node trusts it, and those that join do', () => {
    for (const id of signs)
      expect(earlier(graph, id)).toEqual(
        expect.arrayContaining([...trusts, 'cp1/CA in a ConfigMap:kube-public/cluster-info']),
      )
  })

  test('has nothing signed again before the new CA signs on all control plane nodes', () => {
    for (const id of [...kubelets, ...['cp1', 'cp2', 'cp3'].map(name => `${name}/kubeadm certificates:by the new CA`)])
      expect(earlier(graph, id)).toEqual(expect.arrayContaining(signs))
  })

  test('gives the controller manager its own files before ca.crt has two CAs, and after they are on all control plane nodes', () => {
    const made = ['cp1', 'cp2', 'cp3'].map(name => `${name}/CA rotation:next CA`)
    for (const name of ['cp1', 'cp2', 'cp3']) {
      expect(earlier(graph, `${name}/trusted CA:node`)).toContain(`${name}/kubeadm configuration:node`)
      expect(earlier(graph, `${name}/kubeadm configuration:node`)).toEqual(expect.arrayContaining(made))
    }
    const { desired } = resourceOf(graph, 'cp2/kubeadm configuration:node')
    expect(JSON.stringify(desired)).toContain(
      '{"name":"cluster-signing-cert-file","value":"/etc/kubernetes/pki/ca-rotation/signing.crt"}',
    )
  })

  test('changes nodes one first, control plane nodes one by one, workers in batches, both times', () => {
    for (const ids of [trusts, kubelets]) {
      const [cp1, cp2, cp3, w1, w2, w3, w4] = ids as [string, string, string, string, string, string, string]
      expect(earlier(graph, cp2)).toContain(cp1)
      expect(earlier(graph, cp3)).toContain(cp2)
      expect(earlier(graph, w1)).toContain(cp3)
      expect(earlier(graph, w2)).toContain(w1)
      expect(earlier(graph, w3)).not.toContain(w2)
      expect(earlier(graph, w4)).toEqual(expect.arrayContaining([w2, w3]))
    }
  })

  test("asks the user's own command after each batch, both times", () => {
    const gated = specOf({ hosts, rollout: { maxUnavailable: 2, gate: { command: './smoke.sh' } } })
    for (const [step, facts, changes] of [
      [trustBothCas, standing(), [trusts, kubelets]],
      [dropFormerCa, standing(rotating), [trusts]],
    ] as const) {
      const asking = graphOf(step, facts, gated)
      const gates = [...asking.tasks.keys()].filter(id => id.includes('/gate:'))
      expect(gates).toHaveLength(5 * changes.length)
      for (const ids of changes)
        for (const later of ids.slice(1)) expect(earlier(asking, later).some(id => id.includes('/gate:'))).toBe(true)
    }
  })

  test('is shown in its batches', () => {
    const change = { action: 'update', fields: [] } as const
    const verdicts = new Map(trusts.map(id => [id as TaskId, { is: 'change', change } as const]))
    const batches = changingBatches(kubeadm, hostBatches(spec, standing()), { graph, plan: { verdicts } })
    expect(batches).toEqual([['cp1'], ['cp2'], ['cp3'], ['w1'], ['w2', 'w3'], ['w4', 'w5']])
  })

  test('hands the key of the new CA on as an ephemeral value, of the node that has it', () => {
    const begun = graphOf(trustBothCas, standing({ cp2: apart, cp3: { ...apart, hasKey: false } }))
    expect([...graph.ephemerals.values()].map(({ id }) => id)).toEqual(['cp1/ephemeral value:key of the next CA'])
    expect([...begun.ephemerals.values()].map(({ id }) => id)).toEqual(['cp2/ephemeral value:key of the next CA'])
    expect(resourceOf(begun, 'cp1/CA rotation:next CA').desired).toHaveProperty('key')
    expect(resourceOf(begun, 'cp2/CA rotation:next CA').desired).toEqual({})
    expect(earlier(begun, 'cp2/CA rotation:next CA')).toContain('cp2/CA rotation:CAs of the cluster')
    // Where it is lost, a node says so that has the rest of the rotation.
    const lost = graphOf(trustBothCas, standing({ cp3: { ...apart, hasKey: false } }))
    expect(resourceOf(lost, 'cp3/CA rotation:next CA').desired).toEqual({})
  })

  test('is refused while a node does not answer, is about to leave, or the former CA is being dropped', () => {
    expect(() => graphOf(trustBothCas, standing({}, ['w2']))).toThrow(/^w2: [\s\S]*does not answer/)
    const leaving = specOf({ hosts: hosts.map(host => (host.name === 'w5' ? { ...host, state: 'absent' } : host)) })
    expect(() => graphOf(trustBothCas, standing(), leaving)).toThrow(/w5: [\s\S]*about to leave/)
    // The first node was cut off behind its ca.crt, or behind its controller manager.
    for (const cut of [{ trustsFormer: false }, { apart: false }])
      expect(() => graphOf(trustBothCas, standing({ ...rotating, cp1: { ...apart, ...cut } }))).toThrow('--drop-former')
    expect(() =>
      graphOf(trustBothCas, new Map(hosts.map(({ name, address }) => [name, factsOf(name, address)]))),
    ).toThrow('There is no cluster yet')
  })

  test.each([
    [
      { clusterConfiguration: { controllerManager: { extraArgs: [{ name: 'root-ca-file', value: '/x' }] } } },
      'root-ca-file',
    ],
    [
      { clusterConfiguration: { apiServer: { extraArgs: [{ name: 'kubelet-certificate-authority', value: '/x' }] } } },
      'kubelet-certificate-authority',
    ],
    [{ kubeletConfiguration: { authentication: { x509: { clientCAFile: '/x' } } } }, 'clientCAFile'],
  ])('is refused where the file names CAs of its own: %j', (kubernetes, named) => {
    expect(() => graphOf(trustBothCas, standing(), specOf({ hosts, kubernetes }))).toThrow(named)
  })

  test('is refused while the cluster has a node that evcctl does not know', () => {
    const resource = resourceOf(graph, 'cp1/CA rotation:nodes of the cluster')
    const nodes = (...names: readonly string[]) =>
      stateOf(
        resource,
        'api=asked',
        JSON.stringify({ kind: 'NodeList', items: names.map(name => ({ metadata: { name } })) }),
        '',
        '200 https://127.0.0.1:7443/api/v1/nodes',
      )
    const known = hosts.map(({ name }) => name)
    expect(resource.diff(nodes(...known), resource.desired as never, { watched: [] })).toBeUndefined()
    const { refused } = resource.diff(nodes(...known, 'w9'), resource.desired as never, { watched: [] })!
    expect(refused?.next).toContain('evcctl remove w9')
    const stranger = resource.diff(nodes(...known.slice(1)), resource.desired as never, { watched: [] })?.refused
    expect([stranger?.where, stranger?.problem]).toEqual(['cp1', expect.stringContaining('another cluster')])
  })

  test('is refused while a host is no node yet, or has an API server though the file calls it a worker', () => {
    const bare = new Map(standing()).set('w2', factsOf('w2', '192.0.2.22'))
    expect(() => graphOf(trustBothCas, bare)).toThrow(/^w2: [\s\S]*no node yet[\s\S]*evcctl apply/)
    const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true }
    const server = new Map(standing()).set('w2', factsOf('w2', '192.0.2.22', { kubernetes }))
    for (const step of [trustBothCas, dropFormerCa])
      expect(() => graphOf(step, server)).toThrow(/^w2: [\s\S]*has an API server/)
  })

  test('is refused where two rotations were begun', () => {
    const two = standing({ ...rotating, cp2: { ...apart, next: 'b'.repeat(64) } })
    for (const step of [trustBothCas, dropFormerCa])
      expect(() => graphOf(step, two)).toThrow(/^cp1, cp2, cp3: [\s\S]*two rotations/)
  })
})

describe('the second step', () => {
  const graph = graphOf(dropFormerCa, standing(rotating))

  test('does its work in the order of the picture', async () => {
    await expect(pictureOf(graph)).toMatchFileSnapshot('../goldens/playbooks/drop-former-ca.txt')
  })

  test('looks at the certificates of all nodes before it changes any', () => {
    for (const id of trusts) {
      const before = earlier(graph, id)
      expect(before).toContain('cp1/CA rotation:use of the former CA')
      expect(before).toContain('cp1/CA rotation:nodes of the cluster')
      expect(before).toEqual(expect.arrayContaining(hosts.map(({ name }) => `${name}/certificates:of the host`)))
    }
  })

  test('gives the controller manager the files of the cluster when ca.crt has one CA, and then removes its own', () => {
    for (const name of ['cp1', 'cp2', 'cp3']) {
      const configured = `${name}/kubeadm configuration:node`
      expect(earlier(graph, configured)).toContain(`${name}/trusted CA:node`)
      expect(JSON.stringify(resourceOf(graph, configured).desired)).not.toContain('cluster-signing-cert-file')
      expect(earlier(graph, `${name}/CA rotation:keys of the rotation`)).toContain(configured)
    }
  })

  test('forgets the rotation when nobody trusts the former CA any more, last where it is read', () => {
    const last = earlier(graph, 'cp1/CA rotation:former CA')
    expect(last).toEqual(
      expect.arrayContaining([
        ...trusts,
        'cp2/CA rotation:former CA',
        'cp3/CA rotation:former CA',
        'cp1/published CA:kube-root-ca.crt',
        'cp1/CA in a ConfigMap:kube-system/extension-apiserver-authentication',
      ]),
    )
  })

  test('has nothing to do where no rotation is under way, and goes on where one control plane node is left', () => {
    expect(graphOf(dropFormerCa).tasks.size).toBe(0)
    const left = graphOf(dropFormerCa, standing({ cp3: { next, apart: false, trustsFormer: false, hasKey: false } }))
    expect([...left.tasks.keys()]).toContain('cp3/CA rotation:under way')
  })
})

describe('a plain apply in between', () => {
  const argumentsOn = (graph: Graph, name: string) =>
    JSON.stringify(resourceOf(graph, `${name}/kubeadm configuration:node`).desired).includes('ca-rotation/signing.crt')

  test('leaves the files of the controller manager of each node as they are', () => {
    const graph = graphOf(cluster, standing({ cp1: apart, cp2: apart, cp3: { ...apart, apart: false } }))
    expect(['cp1', 'cp2', 'cp3'].map(name => argumentsOn(graph, name))).toEqual([true, true, false])
    expect(argumentsOn(graphOf(cluster), 'cp1')).toBe(false)
  })

  test('gives a control plane node that joins the CAs of the rotation before kubeadm runs', () => {
    const facts = new Map(standing(rotating)).set('cp3', factsOf('cp3', '192.0.2.13'))
    const graph = graphOf(cluster, facts)
    expect(argumentsOn(graph, 'cp3')).toBe(true)
    expect(resourceOf(graph, 'cp3/kubeadm join:control plane').desired).toHaveProperty('rotation')
    expect(resourceOf(graphOf(cluster, facts), 'cp1/CA rotation:for those that join')).toBeDefined()
    // After the second step there is the cross certificate alone, for clients that have read the former CA.
    const later = graphOf(cluster, new Map(standing({}, [], ['cp1', 'cp2'])).set('cp3', factsOf('cp3', '192.0.2.13')))
    expect(argumentsOn(later, 'cp3')).toBe(false)
    expect(resourceOf(later, 'cp3/kubeadm join:control plane').desired).toHaveProperty('rotation')
    const without = graphOf(cluster, new Map(standing()).set('cp3', factsOf('cp3', '192.0.2.13')))
    expect(resourceOf(without, 'cp3/kubeadm join:control plane').desired).not.toHaveProperty('rotation')
  })
})

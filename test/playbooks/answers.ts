import fc from 'fast-check'
import type { ProbeResult } from '../../src/core/resource.ts'
import { throwAwayCa } from '../resources/certificate.ts'

const ca = throwAwayCa().pem

const base64 = (text: string): string => Buffer.from(text).toString('base64')

// biome-ignore format: a table of words
const words = [
  '', ' ', '-', 'yes', 'no', 'there', 'absent', 'running', 'active', 'inactive', 'failed', 'regular file', 'directory', 'done', '0', '1', '-1', '644',
  '0600', '08', '1e400', '99999999999999999999', '0x10', '2026-11-28 05:00:00 UTC', 'n/a', '/etc/hosts', '/etc/../x', 'root:root', 'eth0', '*',
  '192.0.2.11', '192.0.2.300', '2001:db8::1', '10.0.0.0/8', '10.0.0.0/99', 'https://192.0.2.11:6443', 'https://a b:$(id)/', 'https://', 'v1.36.4',
  'sha256:abc', 'a'.repeat(64), '$(reboot)', "';reboot;'", '`id`', '"', "'", '\\', '\t', '\r', '\u0000', '\u001b[2J', '\u202e', '\ufffd', '😀',
  '__proto__', 'constructor', 'toString', 'null', '[]', '{}', 'a=b=c', '=', '|', '||||', 'started', 'true', 'false', '::', 'x'.repeat(5000),
]

const json = fc.oneof({ weight: 2, arbitrary: fc.json({ maxDepth: 4 }) }, { weight: 6, arbitrary: mutatedObject() })

/** Objects as the API and other programs print them, with some of their parts replaced by anything. */
function mutatedObject(): fc.Arbitrary<string> {
  const objects: readonly unknown[] = [
    { kind: 'NodeList', items: [node('cp1'), node('w1'), node('jetson-07')] },
    {
      kind: 'SecretList',
      items: [
        {
          metadata: { name: 'bootstrap-token-abcdef', creationTimestamp: '2026-11-28T05:00:00Z' },
          data: { expiration: base64('2026-11-28T05:00:00Z'), description: base64('x') },
        },
      ],
    },
    {
      kind: 'ConfigMap',
      metadata: { name: 'kubeadm-config', annotations: { 'evcctl.dev/configuration': 'x' } },
      data: {
        ClusterConfiguration: 'kind: ClusterConfiguration\nnetworking: {}\n',
        kubelet: 'kind: KubeletConfiguration\n',
        'config.conf': 'kind: x',
        'net-conf.json': '{"Network":"10.244.0.0/16"}',
      },
    },
    {
      kind: 'DaemonSet',
      metadata: { name: 'kube-flannel-ds', namespace: 'kube-flannel' },
      spec: { template: { spec: { containers: [{ name: 'x', image: 'y', args: ['a'] }] } } },
      status: { desiredNumberScheduled: 3 },
    },
    {
      nftables: [
        { metainfo: { version: '1' } },
        { table: { family: 'inet', name: 'filter', handle: 1 } },
        {
          chain: {
            family: 'inet',
            table: 'filter',
            name: 'input',
            type: 'filter',
            hook: 'input',
            prio: 0,
            policy: 'drop',
          },
        },
        {
          rule: {
            family: 'inet',
            table: 'filter',
            chain: 'input',
            handle: 2,
            expr: [{ match: { op: '==', left: { meta: { key: 'iifname' } }, right: 'lo' } }, { accept: null }],
          },
        },
      ],
    },
    { data: [['evcctl-in', 'public'], { rich_rules: { data: ['rule accept'] } }] },
    {
      header: { cluster_id: '1', member_id: '2' },
      kvs: [{ key: 'eA==' }],
      members: [{ ID: '1', name: 'cp1', peerURLs: ['https://192.0.2.11:2380'], clientURLs: [] }],
    },
    [
      {
        name: 'cilium',
        namespace: 'kube-system',
        revision: '1',
        status: 'deployed',
        chart: 'cilium-1.18.0',
        app_version: '1.18.0',
      },
    ],
  ]
  return fc
    .tuple(
      fc.constantFrom(...objects),
      fc.array(fc.tuple(fc.nat(), fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(...words))), {
        maxLength: 3,
      }),
    )
    .map(([object, edits]) =>
      JSON.stringify(edits.reduce<unknown>((whole, [at, value]) => replaced(whole, at, value), object)),
    )
}

function node(name: string): object {
  return {
    metadata: { name, labels: { a: 'b', 'node-role.kubernetes.io/control-plane': '' }, annotations: { c: 'd' } },
    spec: { taints: [{ key: 'a', effect: 'NoSchedule' }], podCIDR: '10.244.0.0/24' },
    status: {
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-11-28T05:00:00Z' }],
      addresses: [{ type: 'InternalIP', address: '192.0.2.11' }],
      nodeInfo: { machineID: 'x', kubeletVersion: 'v1.36.4' },
    },
  }
}

/** With the part at one of its paths replaced; undefined takes it out. */
function replaced(whole: unknown, at: number, value: unknown): unknown {
  const paths: (readonly string[])[] = []
  const walk = (part: unknown, path: readonly string[]): void => {
    paths.push(path)
    if (typeof part === 'object' && part !== null)
      for (const [key, inner] of Object.entries(part)) walk(inner, [...path, key])
  }
  walk(whole, [])
  const path = paths[at % paths.length] ?? []
  const put = (part: unknown, depth: number): unknown => {
    if (depth === path.length) return value
    const key = path[depth]!
    if (Array.isArray(part)) return part.map((inner, index) => (String(index) === key ? put(inner, depth + 1) : inner))
    return { ...(part as object), [key]: put((part as Record<string, unknown>)[key], depth + 1) }
  }
  return put(whole, 0)
}

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  { weight: 2, arbitrary: json },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(...words, ca, ca.slice(0, 300), 'kind: X\na: [b\n', 'a: &a [*a]\n', 'KUBELET_EXTRA_ARGS=--a=b')
      .map(base64),
  },
  { weight: 1, arbitrary: json.map(base64) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...words), { maxLength: 8 }).map(list => list.join(' ')) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...words), { maxLength: 8 }).map(list => list.join('|')) },
)

/** What a host may print for a script: lines with the keys that are in it, answers of the API to its paths, and anything. */
export function answers(script: string): fc.Arbitrary<ProbeResult> {
  const keys = [...new Set([...script.matchAll(/\b([A-Za-z][\w-]*)=/g)].map(match => match[1]!))]
  const paths = [...new Set([...script.matchAll(/'(\/apis?\/[^']*)'/g)].map(match => match[1]!))]
  const key = fc.constantFrom(...(keys.length === 0 ? ['x'] : keys), 'api')
  const path = fc.constantFrom(...(paths.length === 0 ? ['/x'] : paths))
  const line = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(key, value).map(([name, text]) => `${name}=${text}`) },
    {
      weight: paths.length > 0 ? 6 : 1,
      arbitrary: fc
        .tuple(json, fc.constantFrom('200', '200', '200', '404', '500', '000'), path)
        .map(([body, code, at]) => `${body}\n\n${code} https://127.0.0.1:7443${at}`),
    },
    { weight: 3, arbitrary: value },
    { weight: 1, arbitrary: fc.constantFrom('api=absent', 'api=asked', 'api=answered', 'api=unreachable') },
  )
  const text = fc.array(line, { maxLength: 12 }).map(lines => lines.map(one => `${one}\n`).join(''))
  return fc.record({
    exitCode: fc.constantFrom(0, 0, 0, 1, 127, 137, 255),
    stdout: fc.tuple(fc.constantFrom('', 'api=asked\n', 'api=answered\n'), text).map(parts => parts.join('')),
    stderr: fc.oneof(fc.constant(''), fc.constantFrom(...words)),
  })
}

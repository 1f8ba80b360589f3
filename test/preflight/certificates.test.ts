import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import type { CertificateFacts } from '../../src/index.ts'
import { expiryNotes, replacementNotes, rotationNote } from '../../src/preflight/index.ts'
import { printedFacts } from '../facts/printed.ts'
import { specOf } from '../playbooks/given.ts'

const day = 24 * 60 * 60 * 1000
const now = Date.parse('2026-12-01T00:00:00Z')
const certificate = (path: string, daysLeft: number, { ca = false, lifetime = 365 } = {}): CertificateFacts => ({
  path,
  ca,
  validFrom: now + (daysLeft - lifetime) * day,
  validTo: now + daysLeft * day,
})
const notes = (hosts: Readonly<Record<string, readonly CertificateFacts[]>>, spec = specOf()) =>
  expiryNotes({ spec, distribution: kubeadm }, new Map(Object.entries(hosts)), now)
const apiServer = '/etc/kubernetes/pki/apiserver.crt'
const kubelet = '/var/lib/kubelet/pki/kubelet-client-current.pem'

describe('certificates', () => {
  test('with time left get no note', () => {
    expect(notes({ cp1: [certificate(apiServer, 91)] })).toEqual([])
  })

  test('that expire in the same way on many hosts get one note', () => {
    const all = ['front-proxy-client', 'apiserver', 'etcd/server', 'etcd/peer', 'apiserver-kubelet-client'].map(name =>
      certificate(`/etc/kubernetes/pki/${name}.crt`, 30),
    )
    const found = notes({ cp1: all, cp2: all, cp3: [] })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({ hosts: ['cp1', 'cp2'], expired: false })
    expect(found[0]!.text).toMatch(/^5 certificates .* and 2 more\); the first one expires in 30 days, on 2026-12-31\./)
  })

  test('of the kubelet get a note only when it has failed to renew them', () => {
    expect(notes({ w1: [certificate(kubelet, 60)] })).toEqual([])
    expect(notes({ w1: [certificate(kubelet, 30)] })[0]!.text).toContain('journalctl -u kubelet')
  })

  test('of a CA, and of an etcd on hosts of its own, have advice of their own', () => {
    const [ca, other] = ['ca', 'front-proxy-ca'].map(name =>
      certificate(`/etc/kubernetes/pki/${name}.crt`, 5, { ca: true, lifetime: 3650 }),
    )
    expect(notes({ cp1: [ca!, other!, certificate(apiServer, 5)] }).map(({ text }) => text)).toEqual([
      expect.stringContaining('evcctl certs rotate-ca cluster.yaml'),
      expect.stringContaining('This is a CA'),
      expect.stringContaining('evcctl certs renew'),
    ])
    const external = specOf({
      hosts: [
        { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
        { name: 'e1', address: '192.0.2.31', roles: ['etcd'] },
      ],
      etcd: { topology: 'external' },
    })
    const server = certificate('/etc/etcd/pki/server.crt', 5)
    expect(notes({ e1: [server] }, external)[0]!.text).toContain('evcctl apply cluster.yaml')
  })

  test('of a rotation that cross from one CA to the other say which pods need them, with the day when they end', () => {
    const path = '/etc/kubernetes/pki/ca-rotation/cross.crt'
    expect(kubeadm.facts.certificates).toContain(path)
    expect(notes({ cp1: [certificate(path, 91, { ca: true })] })).toEqual([])
    const [note] = notes({ cp1: [certificate(path, 30, { ca: true })] })
    expect(note?.text).toContain('ca-rotation/cross.crt expires in 30 days, on 2026-12-31.')
    expect(note?.text).toContain('pods that have run since before the last rotation of the CA')
  })

  test('that expired an hour ago have expired', () => {
    const found = notes({ cp1: [certificate(apiServer, -1 / 24)] })
    expect(found[0]).toMatchObject({ expired: true })
    expect(found[0]!.text).toContain('expired less than a day ago, on 2026-11-30')
  })
})

describe('a file with two CAs', () => {
  const ca = (path: string, daysLeft: number) => certificate(path, daysLeft, { ca: true, lifetime: 3650 })
  const path = '/etc/kubernetes/pki/ca.crt'
  const told = (hosts: Readonly<Record<string, readonly CertificateFacts[]>>) =>
    replacementNotes(new Map(Object.entries(hosts)))

  test('says that one replaces the other, and since when, once for hosts that are alike', () => {
    expect(
      told({ cp1: [ca(path, 3650), ca(path, 10)], w1: [ca(path, 10), ca(path, 3650)], w2: [ca(path, 10)] }),
    ).toEqual([
      {
        hosts: ['cp1', 'w1'],
        text: '/etc/kubernetes/pki/ca.crt has 2 CAs, of 2016-12-13 and of 2026-12-01: a replacement of the CA is under way. evcctl trusts them all and takes none away.',
      },
    ])
  })

  test('is none if each has its own file, or if only one of them is a CA', () => {
    expect(told({ cp1: [ca(path, 3650), ca('/etc/kubernetes/pki/etcd/ca.crt', 3650)] })).toEqual([])
    expect(told({ cp1: [ca(path, 3650), certificate(path, 300)] })).toEqual([])
    expect(told({ cp1: [ca(path, 3650), ca(path, 3650)] })).toEqual([])
  })
})

describe('a rotation of the CA that is under way', () => {
  const next = 'a'.repeat(64)
  const facts = (...trusting: readonly (boolean | undefined)[]) =>
    new Map(
      trusting.map((trustsFormer, at) => {
        const caRotation =
          trustsFormer === undefined ? {} : { caRotation: { next, apart: true, trustsFormer, hasKey: true } }
        const kubernetes = { kubeletConf: true, adminConf: true, controlPlane: true, ...caRotation }
        return [`cp${at + 1}`, printedFacts(`cp${at + 1}`, `192.0.2.${at + 1}`, { kubernetes })]
      }),
    )

  test('is told with the commands that end it', () => {
    const note = rotationNote(facts(true, true, undefined), 'lab.yaml')
    expect(note?.hosts).toEqual(['cp1', 'cp2'])
    expect(note?.text).toMatch(/evcctl certs rotate-ca lab\.yaml; .*evcctl certs rotate-ca --drop-former lab\.yaml$/)
    expect(rotationNote(facts(true, false), 'lab.yaml')?.text).toBe(
      'The former CA is being dropped, and that was cut off: evcctl certs rotate-ca --drop-former lab.yaml',
    )
    expect(rotationNote(facts(undefined), 'lab.yaml')).toBeUndefined()
  })
})

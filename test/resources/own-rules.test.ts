import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { networkGone } from '../../src/resources/pod-network/network-gone.ts'
import { compare, sh } from '../kit/local-sh.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-rules-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const foreign = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [1:2]
:MINE - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-POSTROUTING - [0:0]
:FLANNEL-POSTRTG - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m comment --comment "mine, as -j KUBE-SERVICES does" -j MINE
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A POSTROUTING -s 198.51.100.0/24 -j MASQUERADE
-A MINE -g KUBE-POSTROUTING
-A MINE -p tcp --dport 80 -j REDIRECT
-A CNI-HOSTPORT-DNAT -p tcp -j CNI-DN-0123
-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-POSTROUTING
COMMIT
*filter
:INPUT DROP [0:0]
-A INPUT -p tcp --dport 22 -j ACCEPT
COMMIT
`

/** A host whose iptables print and take this; what was restored is in the file `restored`. */
function host(saved: string) {
  writeFileSync(join(folder, 'saved'), saved)
  const program = (name: string, text: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  program('iptables-nft-save', `cat ${folder}/saved`)
  program('iptables-nft-restore', `{ echo "$*"; cat; } >${folder}/restored`)
  for (const other of ['ip6tables-nft', 'iptables-legacy', 'ip6tables-legacy']) {
    program(`${other}-save`, ':')
    program(`${other}-restore`, 'exit 1')
  }
  program('nft', ':')
  program('ip', ':')
  const resource = networkGone({ network: 'flannel', podCIDR: '10.244.0.0/16' })
  const read = () => resource.probe.parse(sh(resource.probe.script, { path: folder }))
  return { resource, read }
}

describe('the rules of a node that is none any more', () => {
  test('go with all that leads to them, and those of others stay as they are', () => {
    const { resource, read } = host(foreign)
    const state = read()
    expect(compare(resource, state)?.fields).toContainEqual({
      field: 'iptables-nft nat',
      before: '3 chains',
      after: 'nothing',
    })
    const [step] = resource.converge(state, {})
    expect(sh(`set -eu\n${step && 'run' in step ? step.run : ''}`, { path: folder })).toMatchObject({ exitCode: 0 })
    expect(readFileSync(join(folder, 'restored'), 'utf8')).toBe(`--noflush --wait 5
*nat
-D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-D POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-D MINE -g KUBE-POSTROUTING
-F KUBE-SERVICES
-F KUBE-POSTROUTING
-F FLANNEL-POSTRTG
-X KUBE-SERVICES
-X KUBE-POSTROUTING
-X FLANNEL-POSTRTG
COMMIT
`)
  })

  test('are none where all rules are of others', () => {
    const others = foreign.split('\n').filter(line => !/KUBE|FLANNEL/.test(line))
    const { resource, read } = host(others.join('\n'))
    expect(compare(resource, read())).toBeUndefined()
  })

  test('include the chains for ports of pods as soon as nobody uses them', () => {
    const free = `*nat
:PREROUTING ACCEPT [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
COMMIT
`
    expect(host(free).read().chains).toEqual(['iptables-nft nat: 1 chain'])
  })
})

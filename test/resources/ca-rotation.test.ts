import { statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Output, Secret } from '../../src/core/index.ts'
import {
  certificatesForJoin,
  certificatesOnHost,
  handedCa,
  kubeletClient,
  madeCa,
  nextCaKey,
  rotationFilesGone,
  signingCa,
  trustedCa,
} from '../../src/resources/ca-rotation/index.ts'
import { kubeadmFacts, type RotationCertificates } from '../../src/resources/kubeadm/index.ts'
import { accompaniedFunction } from '../../src/resources/kubeadm/join-script.ts'
import {
  completeServing,
  completeServingFunction,
  placeRotationFunction,
} from '../../src/resources/kubeadm/rotation-folder.ts'
import { RotatingNode } from './ca-rotation-world.ts'

// Each starts many processes, most of them openssl.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const folder = '/etc/kubernetes/pki/ca-rotation'
const pki = '/etc/kubernetes/pki'
let cp1: RotatingNode
let cp2: RotatingNode
beforeEach(() => {
  cp1 = new RotatingNode('cp1')
  cp2 = new RotatingNode('cp2')
  cp1.makeCa()
  for (const name of ['ca.crt', 'ca.key']) cp2.write(`${pki}/${name}`, cp1.read(`${pki}/${name}`), 0o600)
  for (const node of [cp1, cp2]) node.makeNode('admin', 'controller-manager', 'scheduler')
})
afterEach(() => {
  for (const node of [cp1, cp2]) node[Symbol.dispose]()
})

const made = madeCa('/etc/evcctl/kubeadm.yaml')
const nothing = <T>() => new Output<T>([], () => ({ unknown: true, from: 'x' as never }))
const handed = handedCa(nothing(), nothing(), nothing())
const trust = (words: string, restarts = false) =>
  trustedCa({
    node: 'cp1',
    trusted: nothing(),
    authorities: nothing(),
    words,
    server: 'https://192.0.2.11:6443',
    ready: true,
    restarts,
  })
const mode = (node: RotatingNode, path: string) => (statSync(node.path(path)).mode & 0o777).toString(8)

const certificateOf = (node: RotatingNode) =>
  /-----BEGIN CERTIFICATE[\s\S]*END CERTIFICATE-----\n/.exec(node.read('kubelet.crt'))![0]

/** A certificate by a CA, whose files are `ca`.crt and `ca`.key. */
const signed = (node: RotatingNode, ca: string) =>
  node.shell(`openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /etc/evcctl/key -subj /CN=x -out /etc/evcctl/request
openssl x509 -req -in /etc/evcctl/request -CA ${ca}.crt -CAkey ${ca}.key -set_serial 7 -days 9`)

async function makeNext(): Promise<RotationCertificates> {
  expect(await cp1.apply(made, {})).toMatchObject({ exitCode: 0 })
  return made.output!(await cp1.probe(made))!
}

describe('the next CA', () => {
  test('is made beside the one that is in use, with a key for root alone', async () => {
    const before = cp1.read(`${pki}/ca.crt`)
    expect((await cp1.compare(made, {}))?.action).toBe('create')
    const { former, next } = await makeNext()
    expect(await cp1.compare(made, {})).toBeUndefined()
    expect([former, cp1.read(`${pki}/ca.crt`)]).toEqual([before, before])
    expect(next).not.toBe(former)
    for (const name of ['next.key', 'former.key']) expect(mode(cp1, `${folder}/${name}`)).toBe('600')
    expect(cp1.read(`${folder}/trust.crt`)).toBe(former + next)
    expect(cp1.read(`${folder}/signing.crt`)).toBe(former)
  })

  test('takes the former one without what stands around it, whatever its ends of lines are', async () => {
    const before = cp1.read(`${pki}/ca.crt`)
    cp1.write(`${pki}/ca.crt`, `# the CA\r\n${before.trimEnd().replaceAll('\n', '\r\n')}`)
    expect((await makeNext()).former).toBe(before)
    expect(cp1.read(`${folder}/trust.crt`)).toMatch(
      /^(-----BEGIN CERTIFICATE-----\n[^-]*-----END CERTIFICATE-----\n){2}$/,
    )
  })

  test('gets to others as certificates alone, whatever its host has put around them', async () => {
    const certificates = await makeNext()
    for (const name of ['former', 'next', 'cross', 'signing'])
      cp1.write(`${folder}/${name}.crt`, `# x\nEND\ntouch /etc/evcctl/broken-in\n${cp1.read(`${folder}/${name}.crt`)}`)
    expect(made.output!(await cp1.probe(made))).toEqual(certificates)
    cp1.write(`${folder}/next.crt`, certificates.next + certificates.former)
    expect(made.output!(await cp1.probe(made))).toBeUndefined()
  })

  test('is trusted by whoever trusts the former one, by way of the cross certificate, byte by byte of its name', async () => {
    await makeNext()
    const verify = cp1.shell(`cd ${folder}
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /etc/evcctl/key -subj /CN=x -out /etc/evcctl/request
echo authorityKeyIdentifier=keyid >/etc/evcctl/extensions
openssl x509 -req -in /etc/evcctl/request -CA next.crt -CAkey next.key -set_serial 7 -days 9 -extfile /etc/evcctl/extensions -out /etc/evcctl/leaf
openssl verify -CAfile former.crt -untrusted cross.crt /etc/evcctl/leaf
openssl verify -CAfile next.crt /etc/evcctl/leaf
for one in next cross; do openssl x509 -in $one.crt -noout -subject -nameopt show_type; done | sort -u | wc -l`)
    expect(verify.match(/: OK/g)).toHaveLength(2)
    expect(verify.trim().split('\n').at(-1)!.trim()).toBe('1')
  })

  test.each([
    ['its key is missing', () => cp1.shell(`rm ${pki}/ca.key`), 'The key of the CA is missing'],
    [
      'somebody has put a second CA there',
      () => cp1.shell(`cat ${pki}/ca.crt >/etc/evcctl/x; cat /etc/evcctl/x >>${pki}/ca.crt`),
      'by hand',
    ],
    [
      'another CA has signed it',
      () =>
        cp1.shell(`cd /etc/kubernetes/pki; cp ca.crt /etc/evcctl/root.crt; cp ca.key /etc/evcctl/root.key
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -subj /CN=below -out /etc/evcctl/request
printf 'basicConstraints=critical,CA:TRUE\\n' >/etc/evcctl/ca
openssl x509 -req -in /etc/evcctl/request -CA /etc/evcctl/root.crt -CAkey /etc/evcctl/root.key -set_serial 7 -days 9 -extfile /etc/evcctl/ca -out ca.crt`),
      'only a CA that nobody else has signed',
    ],
    ...(
      [
        ['may sign no other CA', '-addext basicConstraints=critical,CA:TRUE,pathlen:0', 'path length 0'],
        ['is for certain names', "-addext 'nameConstraints=permitted;DNS:example.com'", 'name constraints'],
        ['has no key identifier', '-addext subjectKeyIdentifier=none', 'no key identifier'],
        ['ends tomorrow', '-days 1', 'within two days'],
        ['has a key of another kind', '-newkey ed25519', 'ed25519'],
      ] as const
    ).map(([what, flags, problem]): [string, () => string, string] => [
      `it ${what}`,
      () =>
        cp1.shell(
          `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${pki}/ca.key -subj /CN=kubernetes -days 99 ${flags} -out ${pki}/ca.crt`.replace(
            flags.startsWith('-newkey') ? '-newkey ec -pkeyopt ec_paramgen_curve:P-256 ' : '\0',
            '',
          ),
        ),
      problem,
    ]),
  ])('is refused where %s', async (_why, spoil, problem) => {
    spoil()
    expect((await cp1.compare(made, {}))?.refused?.problem).toContain(problem)
  })

  test('is whole or not there at all when the power goes at any moment', async () => {
    let ends = 0
    const authority = cp1.read(`${pki}/ca.crt`)
    for (let before = 1; ends === 0; before += 9) {
      const { exitCode } = await cp1.apply(made, {}, before)
      if (exitCode === 0) ends = before
      const isMade = (await cp1.probe(made)).made !== undefined
      expect([before, isMade, cp1.has(folder)]).toEqual([before, exitCode === 0 || isMade, isMade])
      expect([before, cp1.read(`${pki}/ca.crt`)]).toEqual([before, authority])
      if (isMade)
        for (const name of ['cross.crt', 'trust.crt', 'signing.crt', 'former.key'])
          expect(cp1.read(`${folder}/${name}`)).not.toBe('')
      cp1.shell(`rm -rf ${folder}`)
    }
    expect(ends).toBeGreaterThan(10)
    await makeNext()
  })

  test('gets to another control plane node with its key, which is a Secret on the way', async () => {
    const certificates = await makeNext()
    const { exitCode, stdout, stderr } = await cp1.sandbox.sh(nextCaKey().run)
    const key = nextCaKey().parse({ exitCode, stdout, stderr })
    expect(String(key)).toBe('<key of the next CA>')
    const desired = { certificates, key, authorities: [certificates.former] }
    expect((await cp2.compare(handed, desired))?.action).toBe('create')
    expect(await cp2.apply(handed, desired)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await cp2.compare(handed, desired)).toBeUndefined()
    for (const name of ['former.crt', 'former.key', 'next.crt', 'next.key', 'cross.crt', 'trust.crt', 'signing.crt'])
      expect([name, cp2.read(`${folder}/${name}`)]).toEqual([name, cp1.read(`${folder}/${name}`)])
    expect(mode(cp2, `${folder}/next.key`)).toBe('600')
    // One that has joined has no keys. What its controller manager reads is there all the time.
    cp2.shell(`rm ${folder}/*.key`)
    const before = statSync(cp2.path(folder)).ino
    expect(await cp2.apply(handed, desired)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(statSync(cp2.path(folder)).ino).toBe(before)
    expect(await cp2.compare(handed, desired)).toBeUndefined()
    for (const name of ['next.key', 'former.key'])
      expect([cp2.read(`${folder}/${name}`), mode(cp2, `${folder}/${name}`)]).toEqual([
        cp1.read(`${folder}/${name}`),
        '600',
      ])
  })

  test('does not get to a host with a CA of another cluster, or with another new CA', async () => {
    const certificates = await makeNext()
    const key = new Secret('', 'key')
    for (const name of ['former', 'next']) cp2.write(`${folder}/${name}.crt`, certificates.former)
    const desired = { certificates, key, authorities: [certificates.former] }
    expect((await cp2.compare(handed, desired))?.refused?.problem).toContain('another CA to come')
    cp2.shell(`rm -r ${folder}`)
    cp2.makeCa()
    expect((await cp2.compare(handed, desired))?.refused?.problem).toContain('another cluster')
  })

  test('gets to a host that has what stays of an earlier rotation, in its place', async () => {
    const certificates = await makeNext()
    const key = new Secret(cp1.read(`${folder}/next.key`), 'key')
    for (const name of ['next', 'cross']) cp2.write(`${folder}/${name}.crt`, certificates.former)
    const desired = { certificates, key, authorities: [certificates.former] }
    expect((await cp2.compare(handed, desired))?.refused).toBeUndefined()
    expect(await cp2.apply(handed, desired)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await cp2.compare(handed, desired)).toBeUndefined()
    expect(cp2.read(`${folder}/cross.crt`)).toBe(certificates.cross)
  })

  test('does not get there with another key', async () => {
    const certificates = await makeNext()
    const key = new Secret(cp1.read(`${pki}/ca.key`), 'key')
    const desired = { certificates, key, authorities: [certificates.former] }
    expect(await cp2.apply(handed, desired)).toMatchObject({ exitCode: 1 })
    expect([cp2.has(folder), cp2.has(`${folder}.new`)]).toEqual([false, false])
  })
})

test('a control plane node that joins has the CAs before kubeadm runs, and the cross certificate behind its own after', async () => {
  const certificates = await makeNext()
  await cp1.apply(signingCa(), {})
  const now = madeCa('/x').output!(await cp1.probe(made))!
  expect(now).toEqual({ ...certificates, signing: certificates.next })
  cp2.shell(`rm -rf ${pki}; mkdir ${pki}`)
  expect((await cp2.sandbox.sh(`set -eu\n${placeRotationFunction(now)}place_rotation`)).exitCode).toBe(0)
  for (const name of ['former', 'next', 'cross', 'signing', 'trust'])
    expect([name, cp2.read(`${folder}/${name}.crt`)]).toEqual([name, cp1.read(`${folder}/${name}.crt`)])
  // What kubeadm makes of the CAs that it gets from the cluster; a certificate by the former one is shown as it is.
  for (const [ca, behind] of [
    ['former', ''],
    ['next', certificates.cross],
  ] as const) {
    const leaf = signed(cp1, `${folder}/${ca}`)
    cp2.write(`${pki}/apiserver.crt`, leaf)
    for (const _twice of [1, 2]) expect((await cp2.sandbox.sh(`set -eu\n${completeServing}`)).exitCode).toBe(0)
    expect(cp2.read(`${pki}/apiserver.crt`)).toBe(`${leaf}${behind}`)
  }
})

test('a control plane node does not join with half of the CAs', async () => {
  const certificates = await makeNext()
  cp2.shell(`rm -rf ${pki}; mkdir ${pki}`)
  // The disk is full: as a condition, sh goes on after that.
  const run = `base64() { command base64 "$@" | head -c 9; }
${placeRotationFunction(certificates)}if place_rotation; then echo joins; fi`
  expect((await cp2.sandbox.sh(`set -eu\n${run}`)).stdout).not.toContain('joins')
})

test('the cross certificate is behind the one of the API server before kubeadm starts that', async () => {
  const { next, cross } = await makeNext()
  cp2.shell(`rm -rf ${pki}; mkdir ${pki}`)
  expect((await cp2.sandbox.sh(`set -eu\n${placeRotationFunction({ next, cross })}place_rotation`)).exitCode).toBe(0)
  const leaf = signed(cp1, `${folder}/next`)
  cp2.write('/etc/evcctl/leaf', leaf)
  // It writes the file in parts, and starts the API server some time later.
  const kubeadm = `kubeadm() {
  head -c 100 /etc/evcctl/leaf >${pki}/apiserver.crt
  sleep 0.5
  cat /etc/evcctl/leaf >${pki}/apiserver.crt
  for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.5; [ "$(grep -c BEGIN ${pki}/apiserver.crt)" = 1 ] || return 3; done
}
`
  const run = `${completeServingFunction}${accompaniedFunction('complete_serving')}${kubeadm}accompanied kubeadm`
  expect(await cp2.sandbox.sh(`set -eu\n${run}`)).toMatchObject({ exitCode: 3, stdout: '', stderr: '' })
  expect(cp2.read(`${pki}/apiserver.crt`)).toBe(leaf + cross)
})

test('a control plane node that joins after the second step is given the cross certificate, and nothing that is gone', async () => {
  const { next, cross } = await makeNext()
  await cp1.apply(rotationFilesGone('keys', ['signing', 'trust', 'nextKey', 'formerKey']), { parts: [] })
  const output = async () => certificatesForJoin().output!(await cp1.probe(certificatesForJoin()))
  // While the former CA is being dropped, and when it is.
  expect(await output()).toEqual({ next, cross })
  await cp1.apply(rotationFilesGone('former CA', ['formerCertificate']), { parts: [] })
  expect(await output()).toEqual({ next, cross })
  cp2.shell(`rm -rf ${pki}; mkdir ${pki}`)
  expect((await cp2.sandbox.sh(`set -eu\n${placeRotationFunction({ next, cross })}place_rotation`)).exitCode).toBe(0)
  expect(cp2.shell(`ls ${folder}`).trim().split('\n')).toEqual(['cross.crt', 'next.crt'])
})

describe('the CAs that a node trusts', () => {
  const both = ({ former, next }: RotationCertificates) => ({ trusted: [former, next], authorities: [former] })
  const confs = ['kubelet', 'admin', 'controller-manager', 'scheduler'].map(name => `/etc/kubernetes/${name}.conf`)

  test('are shown file by file before they are known, and changed in all of them', async () => {
    const unknown = { trusted: { unknown: true, from: 'x' }, authorities: [cp1.read(`${pki}/ca.crt`)] } as never
    expect((await cp1.compare(trust('both'), unknown))?.fields).toEqual(
      [`${pki}/ca.crt`, ...confs].map(field => ({ field, before: 'one CA', after: 'both' })),
    )
    const certificates = await makeNext()
    expect(await cp1.apply(trust('both'), both(certificates))).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await cp1.compare(trust('both'), both(certificates))).toBeUndefined()
    expect(cp1.read(`${pki}/ca.crt`)).toBe(certificates.former + certificates.next)
    for (const path of confs) {
      const [, data] = /authority-data: (\S+)/.exec(cp1.read(path)) ?? []
      expect(Buffer.from(data!, 'base64').toString()).toBe(certificates.former + certificates.next)
      expect(mode(cp1, path)).toBe('600')
    }
    expect(cp1.log).toContain('restart kubelet')
  })

  test('are trusted in any order: the one that signs is the first', async () => {
    const certificates = await makeNext()
    cp1.write(`${pki}/ca.crt`, certificates.next + certificates.former)
    await cp1.apply(trust('both'), both(certificates))
    expect(await cp1.compare(trust('both'), both(certificates))).toBeUndefined()
    expect(cp1.read(`${pki}/ca.crt`)).toBe(certificates.next + certificates.former)
  })

  test('are in ca.crt in the order in which kubeadm signs: the one whose key is there is the first', async () => {
    const certificates = await makeNext()
    cp1.shell(`cp ${folder}/next.key ${pki}/ca.key`)
    cp1.write(`${pki}/ca.crt`, certificates.next)
    expect(await cp1.apply(trust('both'), both(certificates))).toMatchObject({ exitCode: 0, stderr: '' })
    expect(cp1.read(`${pki}/ca.crt`)).toBe(certificates.next + certificates.former)
    // A worker has no key.
    cp1.shell(`rm ${pki}/ca.key`)
    cp1.write(`${pki}/ca.crt`, certificates.next)
    expect(await cp1.apply(trust('both'), both(certificates))).toMatchObject({ exitCode: 0, stderr: '' })
    expect(cp1.read(`${pki}/ca.crt`)).toBe(certificates.former + certificates.next)
  })

  test('are one less in the end, when the API server lets nobody in any more whom that one has signed', async () => {
    const certificates = await makeNext()
    const one = { trusted: [certificates.next], authorities: [certificates.former, certificates.next] }
    await cp1.apply(trust('both'), both(certificates))
    expect(await cp1.apply(trust('one'), one)).toMatchObject({ exitCode: 0 })
    expect(cp1.read(`${pki}/ca.crt`)).toBe(certificates.next)
    expect(await cp1.compare(trust('one'), one)).toBeUndefined()
  })

  test('are whole files when the power goes at any moment, and the next run ends it with a restart of the kubelet', async () => {
    const certificates = await makeNext()
    const files = [`${pki}/ca.crt`, ...confs]
    const before = new Map(files.map(path => [path, cp1.read(path)]))
    let ends = 0
    for (let at = 1; ends === 0; at += 13) {
      for (const [path, text] of before) cp1.write(path, text, path.endsWith('.conf') ? 0o600 : 0o644)
      cp1.shell('rm -f /var/lib/evcctl/kubelet-ca; : >log')
      if ((await cp1.apply(trust('both'), both(certificates), at)).exitCode === 0) ends = at
      for (const path of files) expect(cp1.read(path)).not.toBe('')
      expect([at, (await cp1.apply(trust('both'), both(certificates))).exitCode]).toEqual([at, 0])
      expect(await cp1.compare(trust('both'), both(certificates))).toBeUndefined()
      expect([at, cp1.log.includes('restart kubelet')]).toEqual([at, true])
    }
    expect(ends).toBeGreaterThan(10)
  })

  test('are refused where a kubeconfig names its CA in another way', async () => {
    const certificates = await makeNext()
    cp1.write('/etc/kubernetes/scheduler.conf', 'clusters:\n- cluster:\n    certificate-authority: /x\n')
    const change = await cp1.compare(trust('both'), both(certificates))
    expect(change?.refused?.problem).toContain('scheduler.conf names its CA in another way')
  })

  test('are refused on a host of another cluster, before the new CA is made', async () => {
    const [ofCluster] = [cp1.read(`${pki}/ca.crt`)]
    const desired = { trusted: { unknown: true, from: 'x' }, authorities: [ofCluster] } as never
    expect((await cp1.compare(trust('both'), desired))?.refused).toBeUndefined()
    cp2.makeCa()
    expect((await cp2.compare(trust('both'), desired))?.refused?.problem).toMatch(/ca\.crt has a CA that this cluster/)
    cp2.write(`${pki}/ca.crt`, ofCluster)
    const foreign = Buffer.from(ofCluster + certificateOf(cp2)).toString('base64')
    cp2.write('/etc/kubernetes/kubelet.conf', `    certificate-authority-data: ${foreign}\n`)
    expect((await cp2.compare(trust('both'), desired))?.refused?.problem).toContain('kubelet.conf has a CA that')
    cp2.write('/etc/kubernetes/kubelet.conf', '    certificate-authority-data: eA==\n')
    expect((await cp2.compare(trust('both'), desired))?.refused?.problem).toContain('kubelet.conf has no CA')
  })
})

describe('the facts of a control plane node', () => {
  const facts = () => cp1.shell(kubeadmFacts.node).trim().split('\n')

  test('say whether it trusts the former CA, however that is written in ca.crt', async () => {
    const { former, next } = await makeNext()
    for (const text of [former, `# the CA\r\n${former.trimEnd().replaceAll('\n', '\r\n')}`, next + former]) {
      cp1.write(`${pki}/ca.crt`, text)
      expect(facts()).toContain('trustsFormerCa')
    }
    cp1.write(`${pki}/ca.crt`, next)
    expect(facts()).toContain('caFilesApart')
    expect(facts()).not.toContain('trustsFormerCa')
  })
})

describe('the key of the next CA', () => {
  // As it is where all nodes that have had the key from the beginning have left.
  async function joinedBehind(...steps: readonly string[]): Promise<RotationCertificates> {
    const certificates = await makeNext()
    if (steps.includes('signs')) await cp1.apply(signingCa(), {})
    cp2.write(`${pki}/ca.key`, cp1.read(`${pki}/ca.key`), 0o600)
    cp2.write(
      `${pki}/ca.crt`,
      steps.includes('signs') ? cp1.read(`${pki}/ca.crt`) : certificates.former + certificates.next,
    )
    const known = made.output!(await cp1.probe(made))!
    expect((await cp2.sandbox.sh(`set -eu\n${placeRotationFunction(known)}place_rotation`)).exitCode).toBe(0)
    return known
  }

  test('is ca.key where a node has joined since that CA signs: it goes on with it, and hands it on', async () => {
    const { former, next } = await joinedBehind('signs')
    expect(cp2.shell(kubeadmFacts.node)).toContain('nextCaKey')
    expect(await cp2.compare(made, {})).toBeUndefined()
    expect(await cp2.compare(signingCa(), {})).toBeUndefined()
    const { exitCode, stdout, stderr } = await cp2.sandbox.sh(`set -eu\n${nextCaKey().run}`)
    expect([exitCode, stdout, stderr]).toEqual([0, cp1.read(`${folder}/next.key`), ''])
    // It shows by that key that its API server trusts the next CA.
    expect(await cp2.apply(trust('both'), { trusted: [former, next], authorities: [former] })).toMatchObject({
      exitCode: 0,
      stderr: '',
    })
    const others = {
      certificates: made.output!(await cp2.probe(made))!,
      key: new Secret('', 'key'),
      authorities: [former],
    }
    expect(await cp2.compare(handed, others)).toBeUndefined()
  })

  test('may be lost before that: a plan says so, and what lets another CA take its place', async () => {
    const { former, next } = await joinedBehind()
    expect(cp2.shell(kubeadmFacts.node)).not.toContain('nextCaKey')
    const refused = (await cp2.compare(made, {}))?.refused
    expect(refused?.problem).toContain('the key of the new CA is on no control plane node')
    cp2.shell(refused!.next!.split('\n').at(-1)!)
    expect(cp2.shell(kubeadmFacts.node)).not.toContain('caRotation')
    expect(await cp2.apply(made, {})).toMatchObject({ exitCode: 0 })
    const again = made.output!(await cp2.probe(made))!
    expect(again.former).toBe(former)
    expect(again.next).not.toBe(next)
    // A worker that trusts the lost one gets the other instead.
    cp1.write(`${pki}/ca.crt`, former + next)
    cp1.shell(`rm -r ${folder} ${pki}/ca.key`)
    const authorities = [former, next]
    const order = { trusted: [former, again.next], authorities }
    expect((await cp1.compare(trust('both'), order))?.refused).toBeUndefined()
  })
})

describe('the CA that signs', () => {
  test('is the next one: first in ca.crt, alone where the controller manager signs, and with its key', async () => {
    const { former, next } = await makeNext()
    expect((await cp1.compare(signingCa(), {}))?.fields.map(({ field }) => field)).toEqual([
      `${pki}/ca.key`,
      `${pki}/ca.crt`,
      `${folder}/signing.crt`,
    ])
    expect(await cp1.apply(signingCa(), {})).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await cp1.compare(signingCa(), {})).toBeUndefined()
    expect(cp1.read(`${pki}/ca.crt`)).toBe(next + former)
    expect(cp1.read(`${folder}/signing.crt`)).toBe(next)
    expect(mode(cp1, `${pki}/ca.key`)).toBe('600')
  })

  test('is put in place again when the power went between its files', async () => {
    await makeNext()
    for (let at = 1, ended = false; !ended; at += 3) {
      ended = (await cp1.apply(signingCa(), {}, at)).exitCode === 0
      for (const path of [`${pki}/ca.key`, `${pki}/ca.crt`]) expect(cp1.read(path)).not.toBe('')
    }
    expect(await cp1.compare(signingCa(), {})).toBeUndefined()
  })
})

describe('the client certificate of a kubelet', () => {
  const resource = kubeletClient({ node: 'cp1', ca: nothing(), endpoint: '127.0.0.1:7443', ready: true })
  const current = '/var/lib/kubelet/pki/kubelet-client-current.pem'

  async function signing(...pairs: readonly ['former' | 'next', string][]): Promise<{ readonly ca: string }> {
    const { next, former } = await makeNext()
    cp1.write(`${pki}/ca.crt`, next + former)
    for (const [name, as] of pairs)
      cp1.shell(
        `mkdir -p manager; cp ${folder}/${name}.crt manager/${as}.crt; cp ${folder}/${name}.key manager/${as}.key`,
      )
    return { ca: next }
  }

  test('is asked for with the credentials of the kubelet, and used when it is by the new CA', async () => {
    const desired = await signing(['next', 'ca'])
    expect((await cp1.compare(resource, desired))?.fields).toEqual([
      { field: current, before: 'signed by the former CA', after: 'signed by the new CA' },
    ])
    expect(await cp1.apply(resource, desired)).toMatchObject({ exitCode: 0 })
    expect(await cp1.compare(resource, desired)).toBeUndefined()
    expect(cp1.read(current)).toMatch(/BEGIN CERTIFICATE[\s\S]*PRIVATE KEY/)
    expect(mode(cp1, current)).toBe('600')
    expect(cp1.log).toEqual(['created', 'restart kubelet'])
  })

  test('is asked for once more when a controller manager still signs with the former CA', async () => {
    const desired = await signing(['former', 'ca'], ['next', 'next'])
    expect(await cp1.apply(resource, desired)).toMatchObject({ exitCode: 0 })
    expect(await cp1.compare(resource, desired)).toBeUndefined()
    expect(cp1.log).toEqual(['created', 'created', 'restart kubelet'])
  })

  test('stays the former one when the power goes, until the next run has another one', async () => {
    const desired = await signing(['next', 'ca'])
    const former = cp1.read(current)
    let ends = 0
    for (let at = 1; ends === 0; at += 5) {
      cp1.shell(
        'ln -sfn /var/lib/kubelet/pki/kubelet-client-first.pem /var/lib/kubelet/pki/kubelet-client-current.pem; rm -f /var/lib/evcctl/kubelet-ca',
      )
      if ((await cp1.apply(resource, desired, at)).exitCode === 0) ends = at
      else if (cp1.read(current) !== former)
        expect((await cp1.compare(resource, desired))?.fields[0]?.field).toBe('kubelet')
      expect([at, (await cp1.apply(resource, desired)).exitCode]).toEqual([at, 0])
      expect(await cp1.compare(resource, desired)).toBeUndefined()
    }
    expect(ends).toBeGreaterThan(5)
  })
})

test('what a rotation has left is removed, but for what is put behind the certificate of the API server', async () => {
  await makeNext()
  const keys = rotationFilesGone('keys', ['signing', 'trust', 'nextKey', 'formerKey'])
  expect((await cp1.compare(keys, { parts: [] }))?.fields).toHaveLength(4)
  await cp1.apply(keys, { parts: [] })
  expect(await cp1.compare(keys, { parts: [] })).toBeUndefined()
  expect(cp1.shell(`ls ${folder}`).trim().split('\n')).toEqual(['cross.crt', 'former.crt', 'next.crt'])
  // A run that was killed has left copies of the keys.
  cp1.write(`${folder}.new/next.key`, 'x')
  expect((await cp1.compare(keys, { parts: [] }))?.fields.map(({ field }) => field)).toEqual([`${folder}.new`])
  await cp1.apply(keys, { parts: [] })
  expect(cp1.has(`${folder}.new`)).toBe(false)
})

test.each(['/etc/kubernetes/evcctl-renewed', `${pki}/evcctl-apiserver`])(
  'a renewal that was cut off is seen by its complete files in %s',
  async beside => {
    const host = certificatesOnHost([])
    cp1.write(`${beside}/apiserver.crt`, 'x')
    expect((await cp1.probe(host)).pendingRenewal).toBe(false)
    cp1.write(`${beside}/complete`, '')
    expect((await cp1.probe(host)).pendingRenewal).toBe(true)
  },
)

import { spawnSync } from 'node:child_process'
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { nodeReady } from '../../src/resources/kubelet/node-ready.ts'
import { kubeletOwnService } from '../../src/resources/kubelet/service.ts'
import { temporaryFolder } from '../kit/folder.ts'
import { stateOf } from './state-of.ts'

const cells = (status: string) =>
  `{"kind":"Table","columnDefinitions":[{"name":"Status"}],"rows":[{"cells":["w1","${status}","worker","2m"],"object":null}]}`

/** What the probe finds where curl answers like this; undefined: the host is no node. */
async function found(curl: string | undefined, ready = true, ownApi?: string): Promise<string | undefined> {
  await using folder = await temporaryFolder()
  const certificate = join(folder.path, 'client.pem')
  if (curl !== undefined) await writeFile(certificate, 'x')
  await writeFile(join(folder.path, 'curl'), `#!/bin/sh\n${curl ?? 'exit 9'}\n`)
  await chmod(join(folder.path, 'curl'), 0o755)
  const own = ownApi === undefined ? {} : { ownApi }
  const resource = nodeReady({
    api: kubeadmApi,
    service: kubeletOwnService,
    name: 'w1',
    endpoint: '127.0.0.1:7443',
    ...own,
    ready,
    store: 'containerd',
    kept: [],
  })
  const script = resource.probe.script.replaceAll('/var/lib/kubelet/pki/kubelet-client-current.pem', certificate)
  const env = { PATH: `${folder.path}:${process.env.PATH}` }
  const ran = spawnSync('/bin/sh', ['-c', script], { env, encoding: 'utf8' })
  const current = resource.probe.parse({ exitCode: ran.status ?? 1, stdout: ran.stdout, stderr: ran.stderr })
  const change = resource.diff(current, { node: 'w1' }, { watched: [] })
  return change?.fields[0]?.before?.toString()
}

test.each<[string, string | undefined, string | undefined]>([
  ['that is Ready', `echo '${cells('Ready')}'`, undefined],
  ['that is Ready and cordoned', `echo '${cells('Ready,SchedulingDisabled')}'`, undefined],
  ['that is not Ready', `echo '${cells('NotReady')}'`, 'not Ready'],
  ['of a host that is no node', undefined, 'not there yet'],
  [
    'that the cluster does not have',
    `echo '{\n  "kind": "Status",\n  "reason": "NotFound",\n  "code": 404\n}'`,
    'not there yet',
  ],
  [
    'of an API that does not answer',
    'echo "curl: (7) refused" >&2; exit 7',
    'not known: the API server does not answer (curl: (7) refused)',
  ],
  [
    'of an API that forbids to ask',
    `echo '{"kind":"Status","reason":"Forbidden"}'`,
    'not known: the API server does not answer ({"kind":"Status","reason":"Forbidden"})',
  ],
])('a plan says of a node %s what is known of it', async (_what, curl, before) => {
  expect(await found(curl)).toBe(before)
})

test('a node that is not waited for to be Ready has to be in the cluster', async () => {
  expect(await found(`echo '${cells('NotReady')}'`, false)).toBeUndefined()
  expect(await found(`echo '{"kind":"Status","reason":"NotFound","code":404}'`, false)).toBe('not there yet')
})

describe('a control plane node', () => {
  // What another API server says of it by way of the proxy, and what its own one says.
  const answers = (own: string, status = 'Ready') =>
    `for url in "$@"; do :; done
case $url in
  https://127.0.0.1:7443/*) echo '${cells(status)}' ;;
  'https://[2001:db8::1]:6443/readyz?verbose') ${own} ;;
  *) exit 9 ;;
esac`
  const look = (own: string, status?: string) => found(answers(own, status), true, '[2001:db8::1]:6443')

  test('is well when its own API server is ready, or does not tell everybody', async () => {
    for (const code of [200, 401, 403]) expect(await look(`printf '[+]ping ok\\n${code}'`)).toBeUndefined()
  })

  test.each([
    [
      'has no etcd',
      `printf '[+]ping ok
[-]etcd failed: reason withheld
readyz check failed
500'`,
      'etcd failed',
    ],
    ['does not run', 'echo "curl: (7) refused" >&2; printf "\n000"; exit 7', 'curl: (7) refused'],
  ])('is not well where its own API server %s, whatever the others say of the node', async (_what, own, said) => {
    expect(await look(own)).toMatch(/^in the cluster, but its own API server is not ready/)
    expect(await look(own)).toContain(said)
    expect(await look(own, 'NotReady')).toMatch(/^in the cluster, but/)
  })

  test('whose servers all hang is told from a probe that does not end: its bound is longer than all of its questions', async () => {
    await using folder = await temporaryFolder()
    const program = async (name: string, text: string) => {
      await writeFile(join(folder.path, name), `#!/bin/sh\n${text}\n`)
      await chmod(join(folder.path, name), 0o755)
    }
    const took = join(folder.path, 'took')
    await program('sleep', `echo "$1" >>${took}`)
    // Each takes all of its time; the second time the node is told.
    await program(
      'curl',
      `while [ "$1" != --max-time ]; do shift; done
echo "$2" >>${took}
${answers('exit 28').replace('*) echo', `*) if [ $(wc -l <${took}) -lt 3 ]; then exit 28; fi; echo`)}`,
    )
    const certificate = join(folder.path, 'client.pem')
    await writeFile(certificate, 'x')
    const parameters = { name: 'w1', endpoint: '127.0.0.1:7443', ready: true, store: 'containerd', kept: [] } as const
    const { probe } = nodeReady({
      api: kubeadmApi,
      service: kubeletOwnService,
      ...parameters,
      ownApi: '[2001:db8::1]:6443',
    })
    const script = probe.script.replaceAll('/var/lib/kubelet/pki/kubelet-client-current.pem', certificate)
    const env = { PATH: `${folder.path}:${process.env.PATH}` }
    const { stdout } = spawnSync('/bin/sh', ['-c', script], { env, encoding: 'utf8' })
    expect(stdout).toContain('state=api down')
    const all = (await readFile(took, 'utf8')).trim().split('\n').map(Number)
    expect(all).toHaveLength(6 + 1)
    const seconds = all.reduce((sum, one) => sum + one, 0)
    expect(seconds).toBeGreaterThanOrEqual(20)
    expect(probe.timeoutMs).toBeGreaterThanOrEqual((seconds + 2) * 1000)
  })

  test('is waited for until its own API server is ready', async () => {
    await using folder = await temporaryFolder()
    const program = async (name: string, text: string) => {
      await writeFile(join(folder.path, name), `#!/bin/sh\n${text}\n`)
      await chmod(join(folder.path, name), 0o755)
    }
    await program('sleep', ':')
    await program('ctr', ':')
    await program(
      'curl',
      answers(
        `echo >>${folder.path}/asked; if [ $(wc -l <${folder.path}/asked) -gt 6 ]; then printf '\\n200'; else printf '\\n500'; fi`,
      ),
    )
    const certificate = join(folder.path, 'client.pem')
    await writeFile(certificate, 'x')
    const parameters = { name: 'w1', endpoint: '127.0.0.1:7443', ready: true, store: 'containerd', kept: [] } as const
    const resource = nodeReady({
      api: kubeadmApi,
      service: kubeletOwnService,
      ...parameters,
      ownApi: '[2001:db8::1]:6443',
    })
    const [step] = resource.converge(stateOf(resource, 'state=api down', 'said=etcd failed'), { node: 'w1' })
    if (step === undefined || !('run' in step)) throw new Error('expected a run step')
    const script = step.run.replaceAll('/var/lib/kubelet/pki/kubelet-client-current.pem', certificate)
    const env = { PATH: `${folder.path}:${process.env.PATH}` }
    const { status, stdout } = spawnSync('/bin/sh', ['-euc', script], { env, encoding: 'utf8', timeout: 20_000 })
    expect([status, stdout]).toEqual([0, expect.stringContaining('api down')])
    expect((await readFile(join(folder.path, 'asked'), 'utf8')).length).toBe(7)
  })
})

test('a node that somebody has deleted is made again by its kubelet', () => {
  const resource = nodeReady({
    api: kubeadmApi,
    service: kubeletOwnService,
    name: 'w1',
    endpoint: '127.0.0.1:7443',
    ready: true,
    store: 'containerd',
    kept: [],
  })
  const first = (state: 'absent' | 'not ready') =>
    resource.converge(stateOf(resource, `state=${state}`), { node: 'w1' })[0]
  expect(first('absent')).toEqual({ run: 'systemctl restart kubelet.service\n' })
  expect(JSON.stringify(first('not ready'))).not.toContain('systemctl')
})

test('waiting ends when the node is Ready, and goes on while images arrive', async () => {
  await using folder = await temporaryFolder()
  const program = async (name: string, text: string) => {
    await writeFile(join(folder.path, name), `#!/bin/sh\n${text}\n`)
    await chmod(join(folder.path, name), 0o755)
  }
  const count = join(folder.path, 'count')
  await program('sleep', ':')
  // The clock jumps by 100 s at every look.
  await program('date', `n=$(( $(cat ${count} 2>/dev/null || echo 0) + 100 )); echo $n >${count}; echo $n`)
  const waitFor = async (curl: string, ctr: string) => {
    await rm(count, { force: true })
    await rm(`${count}.asked`, { force: true })
    await program('curl', `echo >>${count}.asked; ${curl}`)
    await program('ctr', ctr)
    const resource = nodeReady({
      api: kubeadmApi,
      service: kubeletOwnService,
      name: 'w1',
      endpoint: '127.0.0.1:7443',
      ready: true,
      store: 'containerd',
      kept: [],
    })
    const [step] = resource.converge(stateOf(resource, 'state=not ready'), { node: 'w1' })
    if (step === undefined || !('run' in step)) throw new Error('expected a run step')
    const certificate = join(folder.path, 'client.pem')
    await writeFile(certificate, 'x')
    const script = step.run
      .replaceAll('/var/lib/kubelet/pki/kubelet-client-current.pem', certificate)
      .replaceAll('/usr/local/bin/', '')
    const env = { PATH: `${folder.path}:${process.env.PATH}` }
    const { status, stderr } = spawnSync('/bin/sh', ['-euc', script], { env, encoding: 'utf8', timeout: 20_000 })
    return { status, stderr, asked: (await readFile(`${count}.asked`, 'utf8')).length }
  }
  await program(
    'kubectl',
    `case "$*" in
*'--kubeconfig=/etc/kubernetes/kubelet.conf '*' get node w1 '*) echo 'cni plugin not initialized' ;;
*'--kubeconfig=/etc/kubernetes/kubelet.conf '*'--field-selector spec.nodeName=w1 '*) echo 'cilium-1 on w1: config: ImagePullBackOff' ;;
esac`,
  )
  const notReady = `echo '${cells('NotReady')}'`
  const later = `if [ $(wc -l <${count}.asked) -gt 12 ]; then echo '${cells('Ready')}'; else ${notReady}; fi`
  expect(await waitFor(later, `echo layer-1 "$(wc -l <${count}.asked)MB" 1 second`)).toMatchObject({
    status: 0,
    asked: 13,
  })
  const stuck = await waitFor(notReady, '[ "$3" = images ] || echo layer-1 7MB "$(date +%s)" seconds')
  const why = 'not ready\ncni plugin not initialized\ncilium-1 on w1: config: ImagePullBackOff\n'
  expect(stuck).toMatchObject({ status: 1, stderr: why })
})

test.each(['containerd', 'cri-o', 'docker'] as const)(
  'a %s that tells nothing does not end the waiting',
  async store => {
    await using folder = await temporaryFolder()
    const said = join(folder.path, 'said')
    const ready = `printf x >>${said}; if [ $(wc -c <${said}) -gt 2 ]; then echo '${cells('Ready')}'; else echo '${cells('NotReady')}'; fi`
    const curl = `case $* in *docker.sock*) exit 7;; esac; ${ready}`
    for (const [name, text] of Object.entries({ curl, sleep: ':', ctr: 'exit 1', crictl: 'exit 1' })) {
      await writeFile(join(folder.path, name), `#!/bin/sh\n${text}\n`)
      await chmod(join(folder.path, name), 0o755)
    }
    const certificate = join(folder.path, 'client.pem')
    await writeFile(certificate, 'x')
    const resource = nodeReady({
      api: kubeadmApi,
      service: kubeletOwnService,
      name: 'w1',
      endpoint: '127.0.0.1:7443',
      ready: true,
      store,
      kept: [],
    })
    const [step] = resource.converge(stateOf(resource, 'state=not ready'), { node: 'w1' })
    if (step === undefined || !('run' in step)) throw new Error('expected a run step')
    const script = step.run
      .replaceAll('/var/lib/kubelet/pki/kubelet-client-current.pem', certificate)
      .replaceAll('/usr/local/bin/', '')
    const env = { PATH: `${folder.path}:${process.env.PATH}` }
    expect(spawnSync('/bin/sh', ['-euc', script], { env, encoding: 'utf8', timeout: 20_000 }).status).toBe(0)
  },
)

describe('a control plane node whose kubelet was restarted', () => {
  // By a clock that goes on a second with each look, the API server is down from second 12 to 20: a kubelet of another version
  // has started its container again.
  const health = { functions: '', start: ':', works: 'true', hopeless: 'false', complaint: 'false' }
  const waited = async (former: string) => {
    await using folder = await temporaryFolder()
    const at = (name: string) => join(folder.path, name)
    const programs = {
      sleep: ':',
      ctr: ':',
      kubelet: 'echo Kubernetes v1.36.4',
      systemctl: 'echo 77',
      kubectl: 'echo 2026-11-29T14:00:00Z',
      date: `n=$(( $(cat ${at('clock')} 2>/dev/null || echo 0) + 1 )); echo $n >${at('clock')}; echo $n`,
      curl: `case "$*" in
*healthz*) ;;
*readyz*) n=$(cat ${at('clock')}); if [ "$n" -ge 12 ] && [ "$n" -le 20 ]; then printf '\\n500'; else printf '\\n200'; fi ;;
*) echo '${cells('Ready')}' ;;
esac`,
    }
    for (const [name, text] of Object.entries(programs)) {
      await writeFile(at(name), `#!/bin/sh\n${text}\n`)
      await chmod(at(name), 0o755)
    }
    await writeFile(at('client.pem'), 'x')
    await writeFile(at('kubelet.version'), former)
    await writeFile(at('kubelet.unproven'), '1 2026-11-29T13:59:00Z\n')
    const parameters = { name: 'w1', endpoint: '127.0.0.1:7443', ready: true, store: 'containerd', kept: [] } as const
    const resource = nodeReady({
      api: kubeadmApi,
      service: { ...kubeletOwnService, health },
      ...parameters,
      ownApi: '192.0.2.11:6443',
    })
    const [step] = resource.converge(stateOf(resource, 'state=ready', 'unproven=yes'), { node: 'w1' })
    if (step === undefined || !('run' in step)) throw new Error('expected a run step')
    const script = step.run
      .replaceAll('/var/lib/kubelet/pki/kubelet-client-current.pem', at('client.pem'))
      .replaceAll('/var/lib/evcctl', folder.path)
      .replaceAll('/usr/local/bin/', '')
    const env = { PATH: `${folder.path}:${process.env.PATH}` }
    const { status, stderr } = spawnSync('/bin/sh', ['-euc', script], { env, encoding: 'utf8', timeout: 20_000 })
    return {
      ended: [status, stderr],
      seconds: Number(await readFile(at('clock'), 'utf8')),
      version: await readFile(at('kubelet.version'), 'utf8'),
    }
  }

  test('by one of another version has to serve for a while, since that may start the API server again', async () => {
    const { ended, seconds, version } = await waited('Kubernetes v1.35.8\n')
    expect([ended, version]).toEqual([[0, ''], 'Kubernetes v1.36.4\n'])
    expect(seconds).toBeGreaterThan(20 + 15)
  })

  test('by one of the same version does not', async () => {
    const { ended, seconds } = await waited('Kubernetes v1.36.4\n')
    expect(ended).toEqual([0, ''])
    expect(seconds).toBeLessThan(12)
  })
})

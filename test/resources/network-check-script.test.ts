import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reachScript, readResults } from '../../src/resources/network-check/script.ts'
import { checkName, checkPodsGiven, podsGiven, uidGiven } from './network-check-given.ts'
import { Sandbox } from './sandbox.ts'
import { withoutRepeated } from './shared-functions.ts'

const peers = ['cp1', 'w1']
const patience = { patienceSeconds: 20, kubectlFile: '/usr/local/bin/kubectl' }

test('a node asks pods, DNS and Services with the script of the golden', async () => {
  await expect(await withoutRepeated(reachScript('w2', checkPodsGiven, peers, patience))).toMatchFileSnapshot(
    '../goldens/resources/network-check.sh',
  )
})

describe('run where a pod of the check is', () => {
  const sandbox = new Sandbox()
  const bin = join(sandbox.root, 'bin')
  let pod: ChildProcess
  let stranger: ChildProcess

  // Stands in for the pod: answers to the URLs of the check as files say, and refuses all others.
  const nsenter = `#!/bin/sh
server= path=
for word; do case $word in --server=*) server=\${word#--server=} ;; /version | /${checkName}/*) path=$word ;; esac; done
[ "$2" = "$(cat ${bin}/pid)" ] || { echo "ran in the files of process $2"; exit 0; }
file=${bin}/$(printf '%s%s' "$server" "$path" | tr -c 'a-z0-9.\\n' _)
if [ -e "$file" ]; then cat "$file"; else echo "dial tcp: $server: i/o timeout"; exit 1; fi
`

  beforeAll(() => {
    mkdirSync(bin)
    program('nsenter', nsenter)
    // Time passes only where somebody waits, and after ten waits DNS comes up where that was asked for.
    program(
      'sleep',
      `#!/bin/sh\ncd ${bin}; echo >>waits; [ ! -e late ] || [ "$(grep -c "" waits)" -lt 10 ] || cp late ${versionFile}\n`,
    )
    program('date', `#!/bin/sh\ncd ${bin}; grep -c "" waits 2>/dev/null || echo 0\n`)
    program('curl', '#!/bin/sh\ncase $* in *192.0.2.10*) exit 0 ;; esac\nexit 28\n')
    const words = ['-c', '/bin/sleep 300; :', `--www-prefix=/${checkName}/`]
    // Whoever reads the command line of the pod can have the same.
    stranger = spawn('sh', words)
    pod = spawn('sh', words)
    writeFileSync(join(bin, 'pid'), String(pod.pid))
    for (const [{ pid }, path] of [
      [pod, `kubepods-besteffort-pod${uidGiven(2).replaceAll('-', '_')}.slice/cri-containerd-1.scope`],
      [stranger, `kubepods/besteffort/pod${uidGiven(1)}/1`],
    ] as const) {
      mkdirSync(join(bin, 'cgroups', path), { recursive: true })
      mkdirSync(join(bin, `${pid}`))
      writeFileSync(join(bin, `${pid}/cgroup`), `0::/${path}\n`)
    }
  })
  afterAll(() => {
    pod.kill()
    stranger.kill()
  })

  // The cgroups of the host are files of the test.
  const withCgroups = (script: string) =>
    script.replaceAll('"$1"/cgroup', `"${bin}/\${1##*/}/cgroup"`).replaceAll('/sys/fs/cgroup', `${bin}/cgroups`)

  const fileOf = (url: string) => url.replaceAll(/[^a-z0-9.]/g, '_')
  const versionFile = fileOf('https://kubernetes.default.svc/version')

  function program(name: string, text: string): void {
    writeFileSync(join(bin, name), text)
    chmodSync(join(bin, name), 0o755)
  }

  /** What the pods and DNS answer: a URL and its body each. */
  function answers(given: Readonly<Record<string, string>>): void {
    for (const [url, body] of Object.entries(given)) program(fileOf(url), body)
  }

  const large = '.'.repeat(16_384)
  const all = {
    [`http://10.244.0.5:18400/${checkName}/name`]: `${checkName}-cp1`,
    [`http://10.244.0.5:18400/${checkName}/large`]: large,
    [`http://10.244.1.5:18400/${checkName}/name`]: `${checkName}-w1`,
    [`http://10.244.1.5:18400/${checkName}/large`]: large,
    'https://kubernetes.default.svc/version': '{}',
  }

  async function ask() {
    rmSync(join(bin, 'waits'), { force: true })
    const script = withCgroups(reachScript('w2', checkPodsGiven, peers, patience))
    const ended = await sandbox.sh(`set -eu\n${script}`, '', `${bin}:`)
    return { exitCode: ended.exitCode, ...readResults('w2', checkPodsGiven, peers, ended) }
  }

  test('one that is ended before it could say anything has reached nobody', async () => {
    const cut = withCgroups(reachScript('w2', checkPodsGiven, peers, patience)).replace(
      'peer() {',
      'peer() { return 0; }\npeers() {',
    )
    expect((await sandbox.sh(`set -eu\n${cut}`, '', `${bin}:`)).exitCode).toBe(1)
  })

  test('nobody answers: every pair is named, with what was said and whether the nodes reach each other', async () => {
    expect(await ask()).toEqual({
      exitCode: 1,
      pairs: [
        {
          from: 'w2',
          to: 'cp1',
          state: 'silent',
          said: 'dial tcp: http://10.244.0.5:18400: i/o timeout',
          hostsReach: true,
        },
        {
          from: 'w2',
          to: 'w1',
          state: 'silent',
          said: 'dial tcp: http://10.244.1.5:18400: i/o timeout',
          hostsReach: false,
        },
      ],
      service: { from: 'w2', state: 'service', said: 'dial tcp: https://kubernetes.default.svc: i/o timeout' },
    })
  })

  test('short answers only, and somebody else, are no answers', async () => {
    answers({ ...all, [`http://10.244.0.5:18400/${checkName}/large`]: 'cut off' })
    answers({ [`http://10.244.1.5:18400/${checkName}/name`]: 'router' })
    expect(await ask()).toMatchObject({
      exitCode: 1,
      pairs: [
        { to: 'cp1', state: 'large', hostsReach: true },
        { to: 'w1', state: 'other', said: 'router' },
      ],
      service: { state: 'reached' },
    })
  })

  test('who refuses at first is asked again for as long as a network may take to come up', async () => {
    const { 'https://kubernetes.default.svc/version': late, ...pods } = all
    rmSync(join(bin, versionFile), { force: true })
    answers({ ...pods, late: late! })
    expect(await ask()).toMatchObject({ exitCode: 0, service: { state: 'reached' } })
  })

  test('everybody answers', async () => {
    answers(all)
    expect(await ask()).toEqual({
      exitCode: 0,
      pairs: peers.map(to => ({ from: 'w2', to, state: 'reached', said: '' })),
      service: { from: 'w2', state: 'reached', said: '' },
    })
  })
})

test('where no pod of the check runs, that is said of every pair', async () => {
  const other = podsGiven({}, 'evcctl-network-check-ffffffff')
  const sandbox = new Sandbox()
  const ended = await sandbox.sh(`set -eu\n${reachScript('w2', other, peers, patience)}`)
  expect(ended.exitCode).toBe(1)
  const { pairs, service } = readResults('w2', other, peers, ended)
  expect(pairs.map(({ state, said }) => [state, said])).toEqual([
    ['unasked', 'no pod of the check runs on w2'],
    ['unasked', 'no pod of the check runs on w2'],
  ])
  expect(service).toMatchObject({ state: 'unasked' })
})

test('a pod that does not run is not asked, and is the reason that is told', () => {
  const given = podsGiven({ w1: '\t192.0.2.11\tPending\tImagePullBackOff\t\t\t' })
  const script = reachScript('w2', given, [...peers, 'w9'], patience)
  expect(script).not.toContain('10.244.1.5')
  expect(script).toMatch(/exit 1\n$/)
  const stdout = 'pair=cp1\treached\t\t\nservice=reached\t\n'
  const { pairs } = readResults('w2', given, [...peers, 'w9'], { stdout, stderr: '' })
  expect(pairs.map(({ to, state, said }) => [to, state, said])).toEqual([
    ['cp1', 'reached', ''],
    ['w1', 'unasked', 'the pod of the check on w1 does not run: ImagePullBackOff'],
    ['w9', 'unasked', 'no pod of the check was made for w9: is it in the cluster?'],
  ])
})

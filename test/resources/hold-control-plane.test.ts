import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  apiServesScript,
  controlPlaneStopped,
  kubeadmApi,
  nodesReadyScript,
  stopControlPlane,
} from '../../src/index.ts'
import { processFunction } from '../../src/resources/kubeadm/own-process.ts'
import { sh } from '../kit/local-sh.ts'

let folder: string
const running: ChildProcess[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-hold-'))
})
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

// Processes of names that no machine has: a test must not end an API server of the machine that it runs on.
const names = { apiserver: 'evcctl-t-server', scheduler: 'evcctl-t-sched', controller: 'evcctl-t-contr' }
const script = (seconds = 10) =>
  `set -eu\nsystemctl() { echo "systemctl $*"; }\n${stopControlPlane
    .replaceAll('kube-apiserver 10', `${names.apiserver} ${seconds}`)
    .replaceAll('kube-scheduler', names.scheduler)
    .replaceAll('kube-controller-manager', names.controller)
    // They are in no cgroup of a static pod.
    .replaceAll(ofStaticPod, 'true')}`

const ofStaticPod = `in_cgroup "$found" 'pod[0-9a-f]\\{32\\}'`

function start(program: string, name: string, ...args: string[]): ChildProcess {
  const path = join(folder, name)
  copyFileSync(program, path)
  const child = spawn(path, args, { stdio: 'ignore' })
  running.push(child)
  return child
}

describe('a control plane node', () => {
  test('keeps processes that have the name of a component and are in no static pod, or name it in their arguments', async () => {
    const names = ['kube-scheduler', 'etcd'].map(name => `evcctl-t-${name}`)
    const [program] = names.map(name => start('/bin/sleep', name, '300'))
    const other = start('/bin/sh', 'evcctl-t-exporter', '-c', 'sleep 300; :', `/etc/${names[1]}`)
    const asked = names.map(name => `processes_of ${name}\n`).join('')
    expect(await sh(`${processFunction}${asked}`)).toMatchObject({ exitCode: 0, stdout: '' })
    const anywhere = processFunction.replaceAll(ofStaticPod, 'true')
    const { stdout } = await sh(`${anywhere}${asked}`)
    expect(stdout.split('\n')).toContain(String(program!.pid))
    expect(stdout.split('\n')).not.toContain(String(other.pid))
  })

  test.each([
    ['inactive', 0],
    ['failed', 0],
    ['active', 1],
    ['activating', 1],
  ])('counts as stopped or not where its kubelet is %s', async (state, exitCode) => {
    const stopped = controlPlaneStopped.replaceAll('kube-apiserver', names.apiserver)
    expect((await sh(`systemctl() { echo ${state}; }\n(\n${stopped})\n`)).exitCode).toBe(exitCode)
  })

  test('does not count as stopped while an API server runs', async () => {
    start('/bin/sleep', names.apiserver, '300')
    const stopped = controlPlaneStopped.replaceAll('kube-apiserver', names.apiserver).replaceAll(ofStaticPod, 'true')
    expect((await sh(`systemctl() { echo inactive; }\n(\n${stopped})\n`)).exitCode).toBe(1)
  })

  test('has no API server and no controllers any more once its kubelet is stopped', async () => {
    const ended = Object.values(names).map(name => once(start('/bin/sleep', name, '300'), 'exit'))
    const { exitCode, stdout } = await sh(script())
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('systemctl stop kubelet.service')])
    expect(await Promise.all(ended)).toEqual(ended.map(() => [null, 'SIGTERM']))
  })

  test('has none either where one does not heed the end, or has ended before', async () => {
    const stubborn = start(
      '/bin/sh',
      names.apiserver,
      '-c',
      `trap '' TERM; : >${folder}/begun; while :; do sleep 1; done`,
    )
    while (!existsSync(join(folder, 'begun'))) await new Promise(resolve => setTimeout(resolve, 20))
    const ended = once(stubborn, 'exit')
    expect((await sh(script(1))).exitCode).toBe(0)
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect((await sh(script())).exitCode).toBe(0)
  })
})

describe('after a restore', () => {
  const api = { ...kubeadmApi, kubectl: 'kubectl_of_test' }
  const now = 'date -u +%Y-%m-%dT%H:%M:%S.000000Z'
  const kubectl = (lease: string, ready = 'True') => `set -eu
kubectl_of_test() {
  case "$*" in
  *'get node'*'-o name gone') ;;
  *'get node'*'-o name '*) echo node/known ;;
  *lease*) ${lease} ;;
  *Ready*) echo ${ready} ;;
  *readyz*) [ -e ${folder}/up ] || { : >${folder}/up; echo refused >&2; return 1; } ;;
  esac
}
`

  test('a node is Ready that has reported since, and one that the state does not know is not waited for', async () => {
    const late = `if [ -e ${folder}/late ]; then ${now}; else echo 2026-01-01T00:00:00.000000Z; : >${folder}/late; fi`
    const { exitCode, stdout } = await sh(kubectl(late) + nodesReadyScript(api, ['w1', 'gone'], 20))
    expect([exitCode, stdout]).toEqual([0, 'waiting for w1\n'])
  })

  test.each([
    ['said so before the restore only', 'echo 2026-01-01T00:00:00.000000Z', 'True'],
    ['has reported that it is not', now, 'False'],
  ])('a node that %s is named', async (_, lease, ready) => {
    const { exitCode, stderr } = await sh(kubectl(lease, ready) + nodesReadyScript(api, ['w1'], 1))
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`w1 is not Ready: Ready=${ready}`)])
  })

  test('an API server is waited for until it is ready', async () => {
    const { exitCode, stdout } = await sh(kubectl(':') + apiServesScript(api, '192.0.2.11:6443', 20))
    expect([exitCode, stdout]).toEqual([0, 'waiting for the API server\n'])
  })
})

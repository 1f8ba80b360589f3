import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { processFunction } from '../../src/resources/kubeadm/own-process.ts'
import { recoverManifests, swapManifestsScript } from '../../src/resources/kubeadm/swap-manifests.ts'
import { PowerCut } from './cut-off.ts'
import { Sandbox } from './sandbox.ts'

const sandbox = new Sandbox()
afterAll(() => rmSync(sandbox.root, { recursive: true, force: true }))
const at = (path: string) => sandbox.inside(path)
const placeOf = (name: string) => `/etc/kubernetes/manifests/${name}.yaml`
const manifest = (name: string) => at(placeOf(name))
const highest = join(sandbox.root, 'highest')
const broken = join(sandbox.root, 'broken')

const others = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']
const etcdOf = (tag: string) => `- --data-dir=/var/lib/etcd\nimage: registry.example:5000/etcd:${tag}\n`
const versions = { 'Kubernetes 1.36': '3.6.8-0', 'Kubernetes 1.37': '3.7.0-0' } as const

/**
 * A single member of etcd: once a minor has served, no older one starts. Time goes by when it is asked for. No API server is ready
 * without etcd.
 */
const standIns = `etcd_serves() {
  minor=$(sed -n 's|.*/etcd:\\([0-9.]*\\)\\.[0-9]*-0|\\1|p' ${placeOf('etcd')} 2>/dev/null) || return 1
  was=0
  if [ -e ${highest} ]; then read -r was <${highest}; fi
  [ "$minor" ] && [ "\${minor#*.}" -ge "\${was#*.}" ] || return 1
  echo "$minor" >${highest}
  echo "$minor" >>/var/lib/etcd/member/wal/0.wal
}
api_serves() {
  etcd_serves && [ -e ${placeOf('kube-apiserver')} ] || return 1
  if [ -e ${broken} ]; then ! grep -q new ${placeOf('kube-apiserver')}; fi
}
process_of() { sh -c 'echo $$'; }
processes_of() { process_of; }
now=1000
date() { now=$(( now + 30 )); echo "$now"; }
sleep() { now=$(( now + 30 )); }
systemctl() { :; }
journalctl() { :; }
kubectl() { case "$*" in *readyz*) api_serves ;; *) return 1 ;; esac; }
curl() { case "$*" in *2379/health*) etcd_serves ;; *maintenance*) return 1 ;; esac; }
`

const stubs = {
  unshare: 'shift\nexec "$@"\n',
  mount: ':\n',
  'systemd-run': ':\n',
  kubeadm: `case "$*" in
*etcd*) printf '%s\\n' '${etcdOf(versions['Kubernetes 1.37']).trim()}' >/etc/kubernetes/evcctl-manifests/etcd.yaml ;;
*) for name in ${others.join(' ')}; do echo "image: $name:new" >/etc/kubernetes/evcctl-manifests/$name.yaml; done ;;
esac
`,
}
const ready = 'api_serves'
const swap = swapManifestsScript({ configuration: '/etc/evcctl/kubeadm.yaml', ready, etcd: true })
const host = new PowerCut(sandbox, stubs)
const run = (script: string, before?: number) =>
  host.run(
    `${standIns}${script.replaceAll('/usr/local/bin/kubectl', 'kubectl').replaceAll(processFunction, '')}`,
    before,
  )
const programs = () => Number(readFileSync(join(sandbox.root, 'bin/count'), 'utf8'))

/** The kubelet starts what is in place, if anything is. */
async function kubelet(when: string): Promise<void> {
  if (!existsSync(manifest('etcd'))) return
  expect(await sandbox.sh(`${standIns}etcd_serves`), when).toMatchObject({ exitCode: 0 })
}

const images = () =>
  ['etcd', ...others].map(name =>
    existsSync(manifest(name)) ? /:([\w.]+)(?:-0)?$/m.exec(readFileSync(manifest(name), 'utf8'))?.[1] : undefined,
  )

async function reset(): Promise<void> {
  for (const path of ['/etc/kubernetes', '/var/lib/evcctl', '/var/lib/etcd'])
    rmSync(at(path), { recursive: true, force: true })
  for (const path of [highest, broken]) rmSync(path, { force: true })
  for (const path of ['/etc/kubernetes/manifests', '/var/lib/evcctl', '/var/lib/etcd/member/wal'])
    mkdirSync(at(path), { recursive: true })
  writeFileSync(manifest('etcd'), at(etcdOf(versions['Kubernetes 1.36'])))
  for (const name of others) writeFileSync(manifest(name), `image: ${name}:old\n`)
  await kubelet('before the upgrade')
}

/** The script is cut off before each of its programs, then what puts back is cut off, and then the upgrade is run again. */
async function cutEverywhere(isBroken: boolean): Promise<void> {
  const begin = async () => {
    await reset()
    if (isBroken) writeFileSync(broken, '')
  }
  await begin()
  expect((await run(swap)).exitCode).toBe(isBroken ? 1 : 0)
  const all = programs()
  expect(all).toBeGreaterThan(25)
  for (let before = 1; before <= all; before++) {
    await begin()
    await run(swap, before)
    await kubelet(`cut off before program ${before}`)
    await run(recoverManifests, (before % 30) + 1)
    await kubelet(`and what puts back, too, before its program ${(before % 30) + 1}`)
    rmSync(broken, { force: true })
    // What did not end is put back before a change is begun.
    expect(await run(recoverManifests)).toMatchObject({ exitCode: 0 })
    await kubelet(`put back after a cut before program ${before}`)
    expect(images().slice(1).includes(undefined), `put back after program ${before}`).toBe(false)
    expect(await run(swap), `again after program ${before}`).toMatchObject({ exitCode: 0 })
    expect(images()).toEqual(['3.7.0', 'new', 'new', 'new'])
  }
}

beforeEach(reset)
const manyRuns = { timeout: 600_000 }

test(
  'an upgrade to another minor of etcd that is cut off anywhere leaves an etcd that starts, and ends with the next run',
  manyRuns,
  () => cutEverywhere(false),
)

test('so does one whose new API server does not come up after the new etcd', manyRuns, () => cutEverywhere(true))

test('where the new API server does not come up, the former one runs with the new etcd', async () => {
  writeFileSync(broken, '')
  expect(await run(swap)).toMatchObject({ exitCode: 1 })
  expect(images()).toEqual(['3.7.0', 'old', 'old', 'old'])
  await kubelet('after the failure')
})

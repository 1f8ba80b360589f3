import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { editedManifests, noteManifests, printEdited } from '../../src/resources/static-pods.ts'
import { Sandbox } from './sandbox.ts'

const sandbox = new Sandbox()
const manifests = join(sandbox.root, 'etc/kubernetes/manifests')
const scheduler = join(manifests, 'kube-scheduler.yaml')

async function edited() {
  const raw = await sandbox.sh(`set -eu\n${printEdited}`)
  expect([raw.exitCode, raw.stderr]).toEqual([0, ''])
  return editedManifests(raw)
}

async function note(): Promise<void> {
  expect(await sandbox.sh(`set -eu\n${noteManifests}`)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
}

beforeEach(() => {
  rmSync(sandbox.root, { recursive: true, force: true })
  mkdirSync(manifests, { recursive: true })
  mkdirSync(join(sandbox.root, 'var/lib/evcctl'), { recursive: true })
  for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'])
    writeFileSync(join(manifests, `${name}.yaml`), `command:\n- ${name}\n- --v=2\n`)
})

test('where nothing was noted, nothing is known to be edited', async () => {
  expect(await edited()).toEqual([])
})

test('what kubeadm made is not edited, nor are static pods of others, nor comments', async () => {
  await note()
  writeFileSync(join(manifests, 'mine.yaml'), 'kind: Pod\n')
  appendFileSync(scheduler, '\n  # looked at on Monday\n')
  expect(await edited()).toEqual([])
})

test('an edit is shown with both texts, a manifest that is gone with the one that was', async () => {
  await note()
  const made = readFileSync(scheduler, 'utf8')
  writeFileSync(scheduler, made.replace('--v=2', '--v=9'))
  rmSync(join(manifests, 'kube-controller-manager.yaml'))
  expect(await edited()).toEqual([
    {
      field: 'kube-controller-manager.yaml, taken away by hand',
      after: made.replace('scheduler', 'controller-manager'),
    },
    { field: 'kube-scheduler.yaml, edited by hand', before: made.replace('--v=2', '--v=9'), after: made },
  ])
})

test('what kubeadm makes anew is what counts from then on', async () => {
  await note()
  writeFileSync(scheduler, 'command:\n- kube-scheduler\n- --v=4\n')
  await note()
  expect(await edited()).toEqual([])
})

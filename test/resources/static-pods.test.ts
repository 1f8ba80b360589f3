import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { editedFields, editedManifests, noteManifests, printEdited } from '../../src/resources/kubeadm/static-pods.ts'
import { Sandbox } from './sandbox.ts'

const sandbox = new Sandbox()
const manifests = join(sandbox.root, 'etc/kubernetes/manifests')
const scheduler = join(manifests, 'kube-scheduler.yaml')

async function edited() {
  const raw = await sandbox.sh(`set -eu\n${printEdited}`)
  expect([raw.exitCode, raw.stderr]).toEqual([0, ''])
  return editedFields(editedManifests(raw), false)
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
      field: 'kube-controller-manager.yaml, taken away',
      after: made.replace('scheduler', 'controller-manager'),
    },
    { field: 'kube-scheduler.yaml, not as kubeadm made it last', before: made.replace('--v=2', '--v=9'), after: made },
  ])
})

test('what kubeadm makes again is what counts from then on', async () => {
  await note()
  writeFileSync(scheduler, 'command:\n- kube-scheduler\n- --v=4\n')
  await note()
  expect(await edited()).toEqual([])
})

test('another way to write the same pod is no edit', async () => {
  await note()
  writeFileSync(scheduler, "command:\n    - 'kube-scheduler' # pinned\n    - '--v=2'")
  expect(await edited()).toEqual([])
})

test('what will be made is not known where the arguments change too, or somebody ran kubeadm upgrade', () => {
  const one = { component: 'kube-scheduler', made: 'image: a:1\n', current: 'image: a:1\nmore: 1\n' }
  const anew = [{ field: 'kube-scheduler.yaml, not as kubeadm made it last', after: 'made again by kubeadm' }]
  expect(editedFields([one], true)).toEqual(anew)
  expect(editedFields([{ ...one, current: 'image: a:2\n' }], false)).toEqual(anew)
})

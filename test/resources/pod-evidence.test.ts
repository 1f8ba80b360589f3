import { spawnSync } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rolloutScript } from '../../src/resources/pod-evidence.ts'
import { temporaryFolder } from '../kit/folder.ts'

/** Runs the script where kubectl answers by the first word that is its own: rollout, or the kind of what it gets. */
async function ran(answers: Readonly<Record<'rollout' | 'daemonset/web' | 'pods', string>>) {
  await using folder = await temporaryFolder()
  const kubectl = join(folder.path, 'kubectl')
  const cases = Object.entries(answers).map(([word, answer]) => `*' ${word} '*) ${answer} ;;`)
  await writeFile(kubectl, `#!/bin/sh\ncase " $* " in\n${cases.join('\n')}\nesac\n`)
  await chmod(kubectl, 0o755)
  const script = rolloutScript('net', 'daemonset/web').replaceAll('/usr/local/bin/kubectl', kubectl)
  return spawnSync('/bin/sh', ['-euc', script], { encoding: 'utf8' })
}

test('a rollout that ends says nothing of pods', async () => {
  const { status, stderr } = await ran({ rollout: 'echo done', 'daemonset/web': 'exit 1', pods: 'echo no >&2' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('one that does not end says what the first of its pods wait for', async () => {
  const pods =
    'case $* in *"--selector app=web,tier=1 "*) seq 20 | sed "s/.*/web-& on w&: web: CrashLoopBackOff/" ;; esac'
  const rollout = 'echo "error: timed out waiting for the condition" >&2; exit 1'
  const { status, stderr } = await ran({ rollout, 'daemonset/web': 'echo app=web,tier=1,', pods })
  expect(status).toBe(1)
  const lines = stderr.trim().split('\n')
  expect(lines.slice(0, 2)).toEqual([
    'error: timed out waiting for the condition',
    'web-1 on w1: web: CrashLoopBackOff',
  ])
  expect(lines).toHaveLength(9)
})

test('an API server that is gone by then is no other error', async () => {
  const gone = 'echo "the server is gone" >&2; exit 1'
  const { status, stderr } = await ran({ rollout: gone, 'daemonset/web': 'echo app=web,', pods: gone })
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'the server is gone\n' })
})

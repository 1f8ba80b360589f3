import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Step } from '../../src/core/index.ts'
import { Sandbox } from './sandbox.ts'

export interface JoinWithStubs {
  readonly exitCode: number
  readonly stderr: string
  /** What kubeadm was asked for, without its flags, in order; resets are left out. */
  readonly asked: readonly string[]
  /** What it read from the path after --config, each time. */
  readonly read: readonly string[]
  /** The names of the files in /run/evcctl while it ran. */
  readonly files: readonly string[]
}

/**
 * Runs the script of a join with "the document" on its stdin and a kubeadm that notes what it is handed. Its first
 * `kubeadm join` finds an API server that has just started, so the script tries again.
 */
export async function joinWithStubs(step: Step | undefined): Promise<JoinWithStubs> {
  if (step === undefined || !('run' in step)) throw new Error('expected a run step')
  const sandbox = new Sandbox()
  const bin = join(sandbox.root, 'bin')
  mkdirSync(bin)
  const stub = (name: string, script: string) => writeFileSync(join(bin, name), `#!/bin/sh\n${script}`, { mode: 0o755 })
  for (const name of ['systemctl', 'crictl', 'sleep']) stub(name, 'exit 0\n')
  stub('curl', `printf '{"members":[]}'\n`)
  stub(
    'kubeadm',
    `[ "$1" = join ] || exit 0
words=
while [ "\${1:---}" = "\${1#--}" ]; do words="\${words:+$words }$1"; shift; done
[ "$1" = --config ] || exit 9
cat "$2" >>${sandbox.root}/read || exit 8
echo "$words" >>${sandbox.root}/asked
ls ${sandbox.inside('/run/evcctl')} >>${sandbox.root}/files
[ "$words" = join ] || exit 0
[ -e ${sandbox.root}/again ] || { : >${sandbox.root}/again; echo 'connection refused' >&2; exit 1; }
mkdir -p ${sandbox.inside('/var/lib/kubelet')} && : >${sandbox.inside('/var/lib/kubelet/config.yaml')}
`,
  )
  const { exitCode, stderr } = await sandbox.sh(`set -eu\n${step.run}`, 'the document\n', `${bin}:`)
  const lines = (name: string) => {
    const path = join(sandbox.root, name)
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : []
  }
  return { exitCode, stderr, asked: lines('asked'), read: lines('read'), files: lines('files') }
}

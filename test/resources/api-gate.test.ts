import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { gateFunction } from '../../src/resources/kubeadm/api-gate.ts'
import { Sandbox } from './sandbox.ts'

let sandbox: Sandbox
const path = (name: string) => join(sandbox.root, name)
const pod = `/kubepods/pod${'0a'.repeat(16)}/1`

beforeEach(() => {
  sandbox = new Sandbox()
  for (const folder of ['bin', 'proc', 'cgroup']) mkdirSync(path(folder))
  mkdirSync(path(`cgroup${pod}`), { recursive: true })
  const programs = {
    kubectl: `[ -e ${path('ready')} ]`,
    iptables: `case $3 in -I) : >${path('closed')} ;; -D) rm ${path('closed')} 2>/dev/null ;; esac`,
    ip6tables: 'exit 1',
    // systemd-run OPTION… /bin/sh PROGRAM keep PORT, in which the options have commands, too.
    'systemd-run': `for word in "$@"; do
  case $word in
    ExecStartPre=*) \${word#*=} ;;
    ExecStopPost=*) stop=\${word#*=} ;;
  esac
  former=\${three:-} three=\${two:-} two=\${one:-} one=$word
done
( $former $three $two $one; $stop; : >${path('ended')} ) >/dev/null 2>&1 &
echo "$! $stop" >${path('unit')}`,
    systemctl: `[ -e ${path('unit')} ] || exit 5
read -r process stop <${path('unit')}
kill "$process" 2>/dev/null
$stop`,
  }
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(path(`bin/${name}`), `#!/bin/sh\n${text}\n`)
    chmodSync(path(`bin/${name}`), 0o755)
  }
})
afterEach(async () => {
  if (existsSync(path('unit'))) process.kill(Number(readFileSync(path('unit'), 'utf8').split(' ')[0]), 'SIGKILL')
  rmSync(sandbox.root, { recursive: true, force: true })
})

/** The API server begins, as a process with this number. */
function begins(number: number): void {
  mkdirSync(path(`proc/${number}`))
  writeFileSync(path(`proc/${number}/cmdline`), 'kube-apiserver\0--v=2\0')
  writeFileSync(path(`proc/${number}/cgroup`), `0::${pod}\n`)
}

async function gate(): Promise<void> {
  const script = `set -eu\n${gateFunction}gate_api 6443\n`
    .replaceAll('/usr/local/bin/kubectl', 'kubectl')
    .replaceAll('/proc/', `${path('proc')}/`)
    .replaceAll('/sys/fs/cgroup', path('cgroup'))
  expect(await sandbox.sh(script, '', `${path('bin')}:`)).toMatchObject({ exitCode: 0 })
}

const isClosed = () => existsSync(path('closed'))
const becomes = (closed: boolean) => expect.poll(isClosed, { timeout: 20_000, interval: 20 }).toBe(closed)

test('is open while a server is ready, closed from its end until the next one is', async () => {
  begins(41)
  writeFileSync(path('ready'), '')
  await gate()
  expect(isClosed()).toBe(false)
  rmSync(path('ready'))
  rmSync(path('proc/41'), { recursive: true })
  await becomes(true)
  begins(42)
  writeFileSync(path('ready'), '')
  await becomes(false)
})

test('is closed where a server runs that is not ready yet, also when it is asked for again, and watches it from then on', async () => {
  await gate()
  expect(isClosed()).toBe(true)
  begins(41)
  await gate()
  expect(isClosed()).toBe(true)
  writeFileSync(path('ready'), '')
  await becomes(false)
  expect(existsSync(path('ended'))).toBe(false)
  rmSync(path('ready'))
  rmSync(path('proc/41'), { recursive: true })
  await becomes(true)
  writeFileSync(path('ready'), '')
  await becomes(false)
})

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { factsScript } from '../../src/engine/facts-script.ts'
import { endpointFacts, hostFacts, kubeletNameServerFacts } from '../../src/facts/index.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'
import { LocalPool } from '../engine/local-pool.ts'
import { readFacts } from './read.ts'

const asked = [kubeletNameServerFacts('/etc/kubelet-resolv.conf'), endpointFacts('api.example:6443', kubeadmApi.ca)]

test('the script that reads a host of a cluster is this one', async () => {
  await expect(factsScript(hostFacts(kubeadmFacts), asked)).toMatchFileSnapshot('../goldens/facts/host.sh')
})

test('no two modules print a section of the same name', () => {
  const names = [...factsScript(hostFacts(kubeadmFacts), asked).matchAll(/^(?:at|first) ([\w-]+)/gm)].map(
    ([, name]) => name,
  )
  expect(names.length).toBeGreaterThan(20)
  expect(names).toEqual([...new Set(names)])
})

test('a host is read by few processes: ten at once share the processors of one that carries them all', () => {
  const root = mkdtempSync(join(tmpdir(), 'evcctl-facts-'))
  try {
    const log = join(root, 'log')
    const commands = [
      'awk',
      'base64',
      'cat',
      'cut',
      'date',
      'df',
      'grep',
      'head',
      'ip',
      'nproc',
      'od',
      'sed',
      'ss',
      'stat',
      'tr',
      'uname',
    ]
    for (const command of commands) {
      const path = join(root, command)
      writeFileSync(path, `#!/bin/sh\necho ${command} >>${log}\nPATH=\${PATH#*:}\nexec ${command} "$@"\n`)
      chmodSync(path, 0o755)
    }
    const env = { LC_ALL: 'C', PATH: `${root}:${process.env.PATH}` }
    execFileSync('/bin/sh', { input: factsScript(hostFacts(kubeadmFacts)), env })
    const ran = readFileSync(log, 'utf8').trim().split('\n')
    expect(ran.length, ran.join(' ')).toBeLessThanOrEqual(15)
  } finally {
    rmSync(root, { recursive: true })
  }
})

test.each([['/bin/sh'], ['/bin/bash']])(
  'the script runs in %s and says something sensible of this machine',
  async shell => {
    const sentAt = Date.now()
    const raw = await new LocalPool([shell]).run(factsScript(hostFacts(kubeadmFacts)))
    const facts = readFacts('here', raw.stdout, { sentAt, receivedAt: Date.now() })
    expect(raw.exitCode).toBe(0)
    expect(facts.cpus).toBeGreaterThan(0)
    expect(facts.memoryBytes).toBeGreaterThan(0)
    expect(facts.kernel).not.toBe('')
    expect(facts.freeBytes['/tmp']).toBeGreaterThan(0)
    // The same clock: the offset can only be a part of the way there and back.
    expect(Math.abs(facts.clockOffsetMs)).toBeLessThanOrEqual(facts.roundTripMs + 2)
  },
)

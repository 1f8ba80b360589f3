import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/core/errors.ts'
import { openScene, printed, type Scene, stackTrace } from './kit/scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterAll(() => scene?.[Symbol.asyncDispose]())

const good = `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: demo }
spec:
  kubernetes:
    version: 1.36.4
  hosts:
    - name: cp1
      address: 192.0.2.11
      roles: [control-plane]
    - name: w1
      address: 192.0.2.21
      roles: [worker]
`

describe('a cluster file that cannot be used is refused before any host is contacted', () => {
  test.concurrent.for([
    {
      what: 'an unknown key',
      text: good.replace('address: 192.0.2.21', 'adress: 192.0.2.21'),
      place: /^FILE:12:7 {2}spec\.hosts\[1\]\.adress$/m,
      says: [/There is no key "adress" here/, /^ *12 │ {7}adress: 192\.0\.2\.21\n *│ {7}\^{6}$/m],
      cure: /Did you mean "address"\?/,
    },
    {
      what: 'a tab',
      text: good.replace('    version', '\tversion'),
      place: /^FILE:6:1$/m,
      says: [/tabs? for indentation/],
      cure: /Replace the tab by spaces/,
    },
    {
      what: 'an empty file',
      text: '',
      place: /^FILE:1:1/m,
      says: [/This file is empty/],
      cure: /evcctl init/,
    },
    {
      what: 'a version that is too old',
      text: good.replace('1.36.4', '1.20.3'),
      place: /^FILE:6:14 {2}spec\.kubernetes\.version$/m,
      says: [/Kubernetes 1\.20\.3 is not a version that evcctl knows how to install/],
      cure: /expected +1\.34 or newer; newest of the catalog: 1\.36\.4/,
    },
    {
      what: 'an address that two hosts have',
      text: good.replace('192.0.2.21', '192.0.2.11'),
      place: /^FILE:12:16 {2}spec\.hosts\[1\]\.address$/m,
      says: [/192\.0\.2\.11 is also the address of .*cp1/],
      cure: /expected +an address of its own for every host/,
    },
    {
      what: 'a password that nobody has set',
      text: good.replace('spec:', 'spec:\n  ssh: { sudoPassword: { fromEnv: EVCCTL_TEST_UNSET } }'),
      place: /^FILE:5:24 {2}spec\.ssh\.sudoPassword/m,
      says: [/environment variable EVCCTL_TEST_UNSET is not set/],
      cure: /export EVCCTL_TEST_UNSET=/,
    },
  ])('$what', async ({ what, text, place, says, cure }, { expect }) => {
    const file = await scene.write(`${what.replaceAll(' ', '-')}.yaml`, text)
    for (const args of [
      ['validate', file],
      ['apply', file, '--yes'],
    ]) {
      const outcome = await scene.run(...args)
      // Secrets are not fetched to look at a file.
      if (args[0] === 'validate' && text.includes('fromEnv')) continue
      expect(outcome).toMatchObject({ exitCode: exitCodes.badInput, stdout: '' })
      const shown = outcome.stderr.replaceAll(file, 'FILE')
      for (const words of [place, ...says, cure]) expect(shown).toMatch(words)
      expect(shown).not.toMatch(stackTrace)
    }
  })

  test.concurrent.for([
    ['that is not there', 'nothing.yaml', /There is no such file\.\n {2}evcctl init FILE$/m],
    ['that is a folder', '.', /FILE: It is a folder, not a file\.\n {2}Name the file in it: FILE\/cluster\.yaml$/m],
  ] as const)('a file %s', async ([, name, words], { expect }) => {
    const file = join(scene.folder, name).replace(/\/$/, '')
    const outcome = await scene.run('plan', file)
    expect(outcome).toMatchObject({ exitCode: exitCodes.badInput, stdout: '' })
    expect(outcome.stderr.replaceAll(file, 'FILE')).toMatch(words)
    expect(outcome.stderr).not.toMatch(stackTrace)
  })

  test('apply without a terminal and without --yes', async () => {
    const file = await scene.write('good.yaml', good)
    for (const flags of [[], ['--output', 'json']]) {
      const outcome = await scene.run('apply', file, ...flags)
      expect(outcome).toMatchObject({ exitCode: exitCodes.badInput, stdout: '' })
      expect(outcome.stderr).toMatch(/--yes.*Nothing was read or written/s)
      expect(outcome.stderr).toContain(`evcctl apply ${file} --yes`)
      expect(printed(outcome)).not.toMatch(stackTrace)
    }
  })

  test('left nothing behind, not even a journal', async () => {
    expect(await readdir(scene.folder)).not.toContain('state')
  })
})

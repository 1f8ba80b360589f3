import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { gone } from '../../src/core/gone.ts'
import { installedArtifact } from '../../src/resources/artifacts/installed-artifact.ts'
import { file } from '../../src/resources/files/file.ts'
import { registryFiles } from '../../src/resources/runtime/registry-files.ts'
import { withEntry, withoutEntry } from '../../src/resources/system/hosts-entry.ts'
import { kernelModules } from '../../src/resources/system/kernel-modules.ts'
import { sysctls } from '../../src/resources/system/sysctls.ts'
import { systemdUnit } from '../../src/resources/systemd/unit.ts'
import { converge, sh } from '../kit/local-sh.ts'
import { Sandbox } from './sandbox.ts'
import { stateOf } from './state-of.ts'
import { printedUnit, runningUnit, stoppedUnit } from './unit-given.ts'

const owner = sh('echo "$(id -un):$(id -gn)"').stdout.trim()
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl gone '))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const at = (name: string) => join(folder, name)

describe('what is taken off a host again', () => {
  test('is a file, and no folder that somebody made in its place', () => {
    const wanted = file({ path: at('a'), content: 'x\n', mode: 0o644, owner })
    converge(wanted)
    expect(converge(gone(wanted))).toEqual({
      action: 'delete',
      fields: [{ field: 'content', before: 'x\n', after: 'nothing' }],
    })
    expect(existsSync(at('a'))).toBe(false)
    mkdirSync(at('a'))
    expect(converge(gone(wanted))).toBeUndefined()
    expect(existsSync(at('a'))).toBe(true)
  })

  test('is what sets the kernel at boot', () => {
    const settings = sysctls({ values: {}, atLeast: { 'fs.file-max': 1 }, file: at('99.conf') })
    const modules = kernelModules({ names: [], file: at('modules.conf') })
    writeFileSync(at('99.conf'), '# Kept by evcctl\nfs.file-max = 5\n')
    writeFileSync(at('modules.conf'), 'vxlan\n')
    expect(converge(gone(settings))?.fields).toEqual([{ field: 'fs.file-max', before: '5 at boot', after: 'not set' }])
    expect(converge(gone(modules))?.fields).toEqual([
      { field: 'vxlan', before: 'loaded at boot', after: 'not loaded at boot' },
    ])
    expect([existsSync(at('99.conf')), existsSync(at('modules.conf'))]).toEqual([false, false])
  })

  test('is a line of /etc/hosts, and all else in it stays to the byte', () => {
    for (const text of ['127.0.0.1 localhost\n', '', '\u00ff\n# evcctl: other\n1.2.3.4 x\n# evcctl: end of other\n'])
      expect(withoutEntry(withEntry(text, 'own name', '192.0.2.1 cp1'), 'own name')).toBe(text)
  })

  test('are files of registries that are evcctl\u2019s own', () => {
    const wanted = registryFiles(folder, { 'docker.io/hosts.toml': 'x = 1\n' })
    converge(wanted)
    mkdirSync(at('quay.io'))
    writeFileSync(at('quay.io/hosts.toml'), 'of somebody else\n')
    expect(converge(gone(wanted))).toMatchObject({ action: 'delete', fields: [{ field: 'docker.io/hosts.toml' }] })
    expect(existsSync(at('docker.io'))).toBe(false)
    expect(readFileSync(at('quay.io/hosts.toml'), 'utf8')).toBe('of somebody else\n')
  })

  test('are the programs of a download, and no folder that is in the place of one', async () => {
    const sandbox = new Sandbox()
    const paths = ['one', 'two'].map(name => `${sandbox.root}/bin/${name}`)
    const resource = gone(
      installedArtifact({
        name: 'tools',
        version: '1.0.0',
        source: { url: 'https://example.com/tools' },
        sha256: 'a'.repeat(64),
        site: 'example.com',
        install: { members: { one: paths[0]!, two: paths[1]! } },
      }),
    )
    const stamp = sandbox.inside('/var/lib/evcctl/artifacts/tools')
    mkdirSync(join(stamp, '..'), { recursive: true })
    mkdirSync(paths[1]!, { recursive: true })
    writeFileSync(paths[0]!, 'program')
    const recorded = paths.map(path => `file=${'b'.repeat(64)} 755:7:1:x ${path}\n`)
    writeFileSync(stamp, `version=1.0.0\narchive=${'a'.repeat(64)}\n${recorded.join('')}`)
    const current = await sandbox.probe(resource)
    expect(resource.diff(current, {}, { watched: [] })).toEqual({
      action: 'delete',
      fields: [{ field: 'version', before: '1.0.0', after: 'nothing' }],
    })
    expect(await sandbox.run(resource.converge(current, {}))).toMatchObject({ exitCode: 0 })
    expect([existsSync(paths[0]!), existsSync(paths[1]!), existsSync(stamp)]).toEqual([false, true, false])
    expect(resource.diff(await sandbox.probe(resource), {}, { watched: [] })).toBeUndefined()
  })

  test('is a unit: it is stopped, and not started at boot', () => {
    const resource = gone(systemdUnit({ unit: 'x.service', state: 'running', enabled: true }))
    const on = stateOf(resource, ...printedUnit('x.service', runningUnit))
    expect(resource.diff(on, {}, { watched: [] })?.fields).toEqual([
      { field: 'state', before: 'running', after: 'stopped' },
      { field: 'at boot', before: 'started', after: 'not started' },
    ])
    const off = stateOf(resource, ...printedUnit('x.service', stoppedUnit))
    expect(resource.diff(off, {}, { watched: [] })).toBeUndefined()
  })
})

import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Output, Secret, type TaskId } from '../../src/core/index.ts'
import { file } from '../../src/resources/files/file.ts'
import { fileProbe } from '../../src/resources/files/file-survey.ts'
import { compare, converge, probe, sh } from '../kit/local-sh.ts'
import { runLocally, shells } from '../shell/local.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const owner = sh('echo "$(id -un):$(id -gn)"').stdout.trim()
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl file '))
  path = join(folder, "it's a file")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const wanted = (content: string | Secret) => file({ path, content, mode: 0o640, owner })

describe('a file', () => {
  test('is made, with its parent folder, and is in desired state afterwards', () => {
    path = join(folder, 'a', 'b', 'file')
    expect(converge(wanted('a\n\tb\\n\n'))).toMatchObject({
      action: 'create',
      fields: [{ field: 'content', after: 'a\n\tb\\n\n' }],
    })
    expect(readFileSync(path, 'utf8')).toBe('a\n\tb\\n\n')
    expect(converge(wanted('a\n\tb\\n\n'))).toBeUndefined()
  })

  test('tells both contents where they differ, so that the lines can be compared', () => {
    writeFileSync(path, 'ä\r\nold', { mode: 0o640 })
    expect(converge(wanted('new'))).toEqual({
      action: 'update',
      fields: [{ field: 'content', before: 'ä\r\nold', after: 'new' }],
    })
  })

  test('of zero bytes is a file too', () => {
    converge(wanted(''))
    expect(converge(wanted(''))).toBeUndefined()
  })

  test('is fixed when only its mode is wrong', () => {
    converge(wanted('x'))
    chmodSync(path, 0o600)
    expect(converge(wanted('x'))?.fields).toEqual([{ field: 'mode', before: '0600', after: '0640' }])
  })

  test('replaces a symbolic link and leaves what it points to alone', () => {
    const target = join(folder, 'target')
    writeFileSync(target, 'x', { mode: 0o640 })
    symlinkSync(target, path)
    expect(converge(wanted('x'))?.fields).toContainEqual({
      field: 'type',
      before: `symbolic link to ${target}`,
      after: 'regular file',
    })
    expect(lstatSync(path).isFile()).toBe(true)
    expect(readFileSync(target, 'utf8')).toBe('x')
  })

  test('replaces an empty folder, and never one with something in it', () => {
    mkdirSync(path)
    converge(wanted('x'))
    rmSync(path)
    mkdirSync(join(path, 'inner'), { recursive: true })
    expect(compare(wanted('x'), probe(wanted('x').probe))?.refused).toMatchObject({
      actual: 'a folder with something in it',
      next: expect.stringContaining('ls -la'),
    })
    expect(() => converge(wanted('x'))).toThrow(/not empty/)
    expect(existsSync(join(path, 'inner'))).toBe(true)
    expect(
      wanted('x').explain?.(
        { step: 0, exitCode: 1, stdout: '', stderr: `rmdir: failed to remove '${path}': Directory not empty` },
        { content: 'x', mode: 0o640, owner },
      )?.problem,
    ).toMatch(/a folder that is mounted or not empty/)
  })

  test('that is large or binary is compared without being shown', () => {
    writeFileSync(path, Buffer.from([0xff, 0xfe, 0x00]), { mode: 0o640 })
    expect(compare(wanted('x'), probe(wanted('x').probe))?.fields[0]?.before).toBe('(3 bytes that are not shown)')
    writeFileSync(path, 'y'.repeat(300_000))
    expect(compare(wanted('x'), probe(wanted('x').probe))?.fields[0]?.before).toBe('(300000 bytes that are not shown)')
    expect(compare(wanted('y'.repeat(300_000)), probe(wanted('x').probe))).toBeUndefined()
  })

  test('with a Secret is never read back, and no plan shows it', () => {
    writeFileSync(path, 'old-password', { mode: 0o640 })
    const resource = wanted(new Secret('new-password', 'password of the registry'))
    const raw = sh(resource.probe.script)
    expect(raw.stdout).not.toContain(Buffer.from('old-password').toString('base64'))
    const change = compare(resource, resource.probe.parse(raw))
    expect(JSON.stringify(change)).toContain('password of the registry')
    expect(JSON.stringify(change)).not.toMatch(/(old|new)-password/)
    writeFileSync(path, 'new-password')
    expect(compare(resource, probe(resource.probe))).toBeUndefined()
  })

  test('whose content is only known after apply says just that', () => {
    writeFileSync(path, 'x', { mode: 0o640 })
    const unknown = { unknown: true, from: 'cp1/kubeadm init:cp1' as TaskId } as const
    const resource = file({ path, content: Output.ofTask<string>(unknown.from), mode: 0o640, owner })
    expect(resource.diff(probe(resource.probe), { content: unknown, mode: 0o640, owner }, { watched: [] })).toEqual({
      action: 'update',
      fields: [{ field: 'content', before: 'x', after: unknown }],
    })
  })

  test.each(shells)('is read together with others in %s', async (...shell) => {
    const paths = ['one', 'two|2', 'th\\ree', 'link', 'folder', 'none/four'].map(name => join(folder, name))
    const [one = '', two = '', three = '', link = '', inner = ''] = paths
    writeFileSync(one, 'first\n')
    writeFileSync(two, 'x'.repeat(300_000))
    writeFileSync(three, '')
    symlinkSync(one, link)
    mkdirSync(inner)
    const probes = [...paths.map(each => fileProbe(each, false)), fileProbe(path, true)]
    writeFileSync(path, 'hidden')
    const { results } = await runLocally({ jobs: [], probes }, shell)
    expect(results[0]?.stderr).toBe('')
    expect(probes.map((each, index) => each.parse(results[index]!))).toMatchObject([
      { type: 'regular file', size: 6, content: 'first\n', parentExists: true },
      { type: 'regular file', size: 300_000, content: undefined },
      { type: 'regular empty file', sha256: sha256(''), content: '' },
      { type: `symbolic link to ${one}`, content: undefined },
      { type: 'directory', sha256: '' },
      { type: 'absent', parentExists: false },
      { type: 'regular file', sha256: sha256('hidden'), content: undefined },
    ])
    expect(results[0]?.stdout).not.toContain(Buffer.from('hidden').toString('base64'))
  })

  test('whose content does not have the hash that was read beside it is not shown', () => {
    writeFileSync(path, 'x')
    const raw = sh(fileProbe(path, false).script)
    const torn = { ...raw, stdout: raw.stdout.replace('eA==', 'eQ==') }
    expect(fileProbe(path, false).parse(torn)).toMatchObject({ sha256: sha256('x'), content: undefined })
  })

  test('that could not be looked at is not taken for absent', () => {
    expect(() => fileProbe(path, false).parse({ exitCode: 127, stdout: '', stderr: 'stat: not found' })).toThrow(
      /could not be read/,
    )
  })

  test('offers its path once it is there', () => {
    expect(wanted('x').output?.(probe(wanted('x').probe))).toBeUndefined()
    converge(wanted('x'))
    expect(wanted('x').output?.(probe(wanted('x').probe))).toEqual({ path })
  })

  test.each([
    ['sh: printf: write error: No space left on device', /no space left/],
    ["mv: cannot move 'a' to 'b': Read-only file system", /mounted read-only/],
    ["chmod: changing permissions of 'a': Operation not permitted", /protected even from root/],
    ["mv: cannot move 'a' to 'b': Device or resource busy", /something is mounted/],
    ["chown: invalid user: 'nobody2:root'", /owner does not exist/],
  ])('explains %s', (stderr, problem) => {
    const failure = { step: 0, exitCode: 1, stdout: '', stderr }
    expect(wanted('x').explain?.(failure, { content: 'x', mode: 0o640, owner })?.problem).toMatch(problem)
  })
})

import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { absent } from '../../src/resources/files/absent.ts'
import { directory } from '../../src/resources/files/directory.ts'
import { compare, converge, probe, sh } from '../kit/local-sh.ts'

const owner = sh('echo "$(id -u):$(id -g)"').stdout.trim()
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('a folder', () => {
  const wanted = (path: string) => directory({ path, mode: 0o700, owner })

  test('is made with its parents, and is in desired state afterwards', () => {
    const path = join(folder, 'a', 'b')
    expect(converge(wanted(path))).toEqual({ action: 'create', fields: [{ field: 'mode', after: '0700' }] })
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o755)
    expect(converge(wanted(path))).toBeUndefined()
  })

  test('gets its mode back', () => {
    chmodSync(folder, 0o777)
    expect(converge(wanted(folder))?.fields).toEqual([{ field: 'mode', before: '0777', after: '0700' }])
  })

  test('may be a link to one', () => {
    const target = join(folder, 'target')
    mkdirSync(target, { mode: 0o700 })
    symlinkSync(target, join(folder, 'link'))
    expect(converge(wanted(join(folder, 'link')))).toBeUndefined()
  })

  test('does not replace a link to nothing, and the plan says so', () => {
    const path = join(folder, 'link')
    symlinkSync('/nowhere/at/all', path)
    expect(compare(wanted(path), probe(wanted(path).probe))?.refused).toMatchObject({ actual: 'link to nothing' })
  })

  test('does not replace a file', () => {
    const path = join(folder, 'file')
    writeFileSync(path, '')
    expect(compare(wanted(path), probe(wanted(path).probe))?.refused).toMatchObject({ actual: 'regular empty file' })
    expect(() => converge(wanted(path))).toThrow(/File exists/)
    const failure = {
      step: 0,
      exitCode: 1,
      stdout: '',
      stderr: `mkdir: cannot create directory '${path}': File exists`,
    }
    expect(wanted(path).explain?.(failure, { mode: 0o700, owner })?.next).toContain(`ls -ld '${path}'`)
  })
})

describe('absence', () => {
  test('of nothing is no change', () => {
    expect(converge(absent({ path: join(folder, 'none') }))).toBeUndefined()
  })

  test('removes a file, a dangling link and an empty folder', () => {
    writeFileSync(join(folder, 'file'), 'x')
    symlinkSync('/nowhere/at/all', join(folder, 'link'))
    mkdirSync(join(folder, 'empty'))
    for (const name of ['file', 'link', 'empty']) {
      expect(converge(absent({ path: join(folder, name) }))?.action).toBe('delete')
    }
  })

  test('keeps a folder with something in it', () => {
    mkdirSync(join(folder, 'full', 'inner'), { recursive: true })
    expect(() => converge(absent({ path: join(folder, 'full') }))).toThrow(/not empty/)
  })
})

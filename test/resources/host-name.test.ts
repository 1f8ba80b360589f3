import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { hostname } from '../../src/resources/system/hostname.ts'
import { hostsEntry, withEntry } from '../../src/resources/system/hosts-entry.ts'
import { compare } from '../kit/local-sh.ts'

describe('the host name', () => {
  const resource = hostname({ name: 'w1' })
  const parse = (stdout: string) => resource.probe.parse({ exitCode: 0, stdout, stderr: '' })

  test.each([
    ['now=w1\nboot=w1\n', undefined],
    [
      'now=raspberrypi\nboot=raspberrypi\n',
      [
        { field: 'now', before: 'raspberrypi', after: 'w1' },
        { field: 'at boot', before: 'raspberrypi', after: 'w1' },
      ],
    ],
    ['now=w1\nboot=raspberrypi\n', [{ field: 'at boot', before: 'raspberrypi', after: 'w1' }]],
    ['now=w1\n', [{ field: 'at boot', before: '', after: 'w1' }]],
  ])('is compared now and at boot: %j', (stdout, fields) => {
    expect(compare(resource, parse(stdout))?.fields).toEqual(fields)
  })

  test('is set with the script of the golden', async () => {
    const [, step] = resource.converge(parse('now=x\n'), { name: 'w1' })
    await expect(step && 'run' in step ? step.run : '').toMatchFileSnapshot('../goldens/resources/hostname.sh')
  })
})

describe('an entry of /etc/hosts', () => {
  const resource = hostsEntry({ address: '192.0.2.21', names: ['w1'] })
  const parse = (text: string) =>
    resource.probe.parse({
      exitCode: 0,
      stdout: `file=${Buffer.from(text, 'latin1').toString('base64')}\n`,
      stderr: '',
    })
  const block = '# evcctl: own name\n192.0.2.21 w1\n# evcctl: end of own name\n'
  const old = block.replace('.21', '.99')

  test.each([
    ['missing', '127.0.0.1 localhost', { action: 'create', fields: [{ field: '/etc/hosts', after: '192.0.2.21 w1' }] }],
    ['there', `127.0.0.1 localhost\n${block}::1 localhost\n`, undefined],
    [
      'of another address',
      old,
      { action: 'update', fields: [{ field: '/etc/hosts', before: '192.0.2.99 w1', after: '192.0.2.21 w1' }] },
    ],
  ])('is compared as a line of its own: %s', (_, text, change) => {
    expect(compare(resource, parse(text))).toEqual(change)
  })

  test.each([
    ['', block],
    ['127.0.0.1 a', `127.0.0.1 a\n${block}`],
    [`a\n${old}b`, `a\n${block}b`],
    ['# evcctl: own name\n1.1.1.1 x\n', `# evcctl: own name\n1.1.1.1 x\n${block}`],
  ])('%j becomes %j', (before, after) => {
    expect(withEntry(before, 'own name', '192.0.2.21 w1')).toBe(after)
  })

  test('leaves every other byte as it is, and is there once', () => {
    const bytes = fc.uint8Array().map(array => Buffer.from(array).toString('latin1'))
    fc.assert(
      fc.property(bytes, bytes, fc.boolean(), (above, below, has) => {
        const before = has ? `${above}\n${old}${below}` : above
        const after = withEntry(before, 'own name', '192.0.2.21 w1')
        expect(withEntry(after, 'own name', '192.0.2.21 w1')).toBe(after)
        const [head, tail] = after.split(block)
        expect(head).toBe(has ? `${above}\n` : above === '' || above.endsWith('\n') ? above : `${above}\n`)
        expect(tail).toBe(has ? below : '')
      }),
    )
  })

  describe('on a host', () => {
    const folder = mkdtempSync(join(tmpdir(), 'evcctl-hosts-'))
    const file = join(folder, 'hosts')
    afterAll(() => rmSync(folder, { recursive: true }))

    function write(read: string) {
      const [step] = resource.converge(parse(read), { line: '192.0.2.21 w1' })
      if (step === undefined || !('run' in step)) throw new Error('no script')
      const script = step.run.replaceAll('/etc/hosts', file)
      return spawnSync('sh', ['-c', `set -eu\n${script}`], { input: String(step.stdin), encoding: 'utf8' })
    }

    test('is written beside what is there', () => {
      writeFileSync(file, '127.0.0.1 localhost\n')
      expect(write('127.0.0.1 localhost\n').status).toBe(0)
      expect(readFileSync(file, 'utf8')).toBe(`127.0.0.1 localhost\n${block}`)
      rmSync(file)
      expect(write('').status).toBe(0)
      expect(readFileSync(file, 'utf8')).toBe(block)
    })

    test('is not written over what somebody else has added since the file was read', () => {
      writeFileSync(file, '127.0.0.1 localhost\n192.0.2.7 printer\n')
      const { status, stdout, stderr } = write('127.0.0.1 localhost\n')
      expect(readFileSync(file, 'utf8')).toBe('127.0.0.1 localhost\n192.0.2.7 printer\n')
      const said = resource.explain?.({ step: 0, exitCode: status ?? 0, stdout, stderr }, { line: '192.0.2.21 w1' })
      expect(said).toMatchObject({ problem: expect.stringContaining('changed by somebody else'), next: 'Apply again.' })
    })
  })
})

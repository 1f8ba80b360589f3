import { describe, expect, test } from 'vitest'
import { swapOff } from '../../src/resources/system/swap.ts'
import { compare } from '../kit/local-sh.ts'

const resource = swapOff()

function stateOf(...lines: readonly string[]) {
  return resource.probe.parse({ exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' })
}

/** As `systemctl show` prints it. */
const shown = (name: string, state: string) => `Id=${name}\nNames=${name}\nUnitFileState=${state}\n`
const line = '/swap.img\tnone\tswap\tsw\t0\t0'
const masked = { field: 'swap.target', before: 'started at boot', after: 'masked' }

describe('swap', () => {
  test.each([
    ['none at all', [shown('swap.target', 'static')], undefined],
    [
      'off, with a unit of a generator that nothing starts any more',
      [shown('dev-zram0.swap', 'generated'), shown('swap.target', 'masked')],
      undefined,
    ],
    [
      'a file of fstab',
      [
        'active=/swap.img file 2097148 0 -2',
        `fstab=${line}`,
        shown('swap.img.swap', 'generated'),
        shown('swap.target', 'static'),
      ],
      [
        { field: '/swap.img', before: 'swap', after: 'off' },
        { field: '/etc/fstab', before: line, after: `# ${line}` },
        masked,
      ],
    ],
    [
      'zram of a Raspberry Pi with Debian 13: only a generated unit',
      [
        'active=/dev/zram0 partition 2097148 0 100',
        shown('dev-zram0.swap', 'generated'),
        shown('swap.target', 'static'),
      ],
      [{ field: '/dev/zram0', before: 'swap', after: 'off' }, masked],
    ],
    [
      'a service that makes it, as on a Jetson',
      [shown('nvzramconfig.service', 'enabled'), shown('zramswap.service', 'disabled'), shown('swap.target', 'static')],
      [{ field: 'nvzramconfig.service', before: 'enabled', after: 'disabled' }],
    ],
    [
      'switched on again by hand',
      ['active=/swap.img file 1 0 -2', shown('swap.target', 'masked')],
      [{ field: '/swap.img', before: 'swap', after: 'off' }],
    ],
  ])('is switched off wherever it comes from: %s', (_, lines, fields) => {
    expect(compare(resource, stateOf(...lines))?.fields).toEqual(fields)
  })

  test('is switched off for the next boot first, then now', async () => {
    const current = stateOf(
      'active=/swap.img file 1 0 -2',
      `fstab=${line}`,
      shown('dphys-swapfile.service', 'enabled'),
      shown('zramswap.service', 'disabled'),
      shown('swap.target', 'static'),
    )
    const [, step] = resource.converge(current, {})
    await expect(step && 'run' in step ? step.run : '').toMatchFileSnapshot('../goldens/resources/swap-off.sh')
  })

  test.each([
    ['swapoff: /swap.img: swapoff failed: Cannot allocate memory', /does not fit into memory/],
    ['swapoff: /dev/vdb: swapoff failed: Operation not permitted', /cannot be switched off/],
    ['sh: cannot create /etc/fstab.evcctl: Read-only file system', /fstab could not be written/],
  ])('explains %s', (stderr, problem) => {
    expect(resource.explain?.({ step: 0, exitCode: 1, stdout: '', stderr }, {})?.problem).toMatch(problem)
  })
})

import { afterEach, describe, expect, test } from 'vitest'
import type { Event } from '../../src/core/index.ts'
import { createPaint, type Reporter, ttyReporter } from '../../src/report/index.ts'
import { ended, halfWay, printed, start, started, timed } from './events.ts'
import { Screen } from './screen.ts'

const open: Reporter[] = []
afterEach(() => {
  for (const reporter of open.splice(0)) reporter.end()
})

function show(screen: Screen, events: readonly Event[], colour = false): Reporter {
  let now = start
  const reporter = ttyReporter(screen, { paint: createPaint(colour), now: () => now })
  open.push(reporter)
  for (const event of events) {
    now = event.at
    reporter.show(event)
  }
  now += 1_000
  // Draws what the limit of pictures a second has held back.
  reporter.resume()
  return reporter
}

describe('live progress', () => {
  test('shows elapsed time, bar, hosts at work with their last line, and stages', async () => {
    const screen = new Screen(100, 24)
    show(screen, halfWay())
    expect(await screen.lines()).toEqual([
      'edge-seoul  0:51  ████████████████░░░░░░░░░░░░░░  5 of 9',
      '  cp1        kubeadm init         12 s  [control-plane-check] kube-apiserver is not healthy yet',
      '  jetson-07  download containerd  32 s  12 of 46 MB, 0.4 MB/s',
      '✔ os 3   ● runtime 2 of 3   ● control plane 0 of 1   ○ workers 2',
    ])
  })

  test('leaves what was on the screen before, and redraws in place', async () => {
    const screen = new Screen(100, 24)
    screen.write('$ evcctl apply\nthe plan\n')
    show(screen, halfWay())
    const lines = await screen.lines()
    expect(lines.slice(0, 2)).toEqual(['$ evcctl apply', 'the plan'])
    expect(lines).toHaveLength(6)
    expect(await screen.scrolledAway()).toBe(0)
  })

  test.each([12, 20, 33, 40, 60])('fits %i columns', async columns => {
    const screen = new Screen(columns, 24)
    const reporter = show(screen, halfWay())
    const lines = await screen.lines()
    for (const line of lines) expect(line.length).toBeLessThan(columns)
    for (const stage of ['os', 'runtime', 'workers']) expect(lines.some(line => line.includes(stage))).toBe(true)
    reporter.end()
    expect(await screen.lines()).toEqual([])
  })

  test('never grows beyond the height of the terminal', async () => {
    const screen = new Screen(80, 6)
    const many = Array.from({ length: 40 }, (_, index) => started(`w${index}/os/packages`))
    show(screen, [...halfWay(), ...timed(...many.map(event => [60, event] as const))])
    const lines = await screen.lines()
    expect(lines.length).toBeLessThan(6)
    expect(lines.some(line => /and \d+ more/.test(line))).toBe(true)
    expect(await screen.scrolledAway()).toBe(0)
  })

  test('shows the longest where there is no room for all, and keeps the order of the file', async () => {
    const screen = new Screen(80, 7)
    show(screen, [...halfWay(), ...timed([50, started('w1/workers/kubeadm join')])])
    const names = (await screen.lines()).flatMap(line => /^ {2}(\S+) {2}/.exec(line)?.[1] ?? [])
    expect(names).toEqual(['cp1', 'w1', 'jetson-07'])
    const low = new Screen(80, 5)
    show(low, [...halfWay(), ...timed([50, started('w1/workers/kubeadm join')])])
    const lines = await low.lines()
    expect(lines.slice(1, 3)).toEqual([expect.stringContaining('jetson-07'), '  and 2 more'])
  })

  test('follows the window when its size changes', async () => {
    const screen = new Screen(100, 24)
    screen.write('before\n')
    show(screen, halfWay())
    await screen.resize(40, 24)
    const narrow = await screen.lines()
    expect(narrow[0]).toBe('before')
    expect(narrow.filter(line => line.startsWith('edge-seoul'))).toHaveLength(1)
    await screen.resize(120, 24)
    const wide = await screen.lines()
    expect(wide.filter(line => line.includes('edge-seoul'))).toHaveLength(1)
    expect(wide[0]).toBe('before')
  })

  test('prints failures above the picture, where they stay', async () => {
    const screen = new Screen(100, 24)
    const error = {
      problem: 'kubelet 1.36.4 did not match its checksum',
      expected: 'sha256 5be1…',
      actual: 'sha256 09ab…',
    }
    const reporter = show(screen, [
      ...halfWay(),
      ...timed([60, ended('w1/workers/download kubelet', 'failed', { error })]),
    ])
    expect((await screen.lines()).slice(0, 2)).toEqual([
      '✘ w1  download kubelet: kubelet 1.36.4 did not match its checksum',
      'edge-seoul  1:00  ████████████████████░░░░░░░░░░  6 of 9, 1 failed',
    ])
    reporter.end()
    expect(await screen.lines()).toHaveLength(1)
  })

  test('shows the next task of a host when the one before it has ended', async () => {
    const screen = new Screen(100, 24)
    show(screen, [
      ...halfWay(),
      ...timed(
        [59, ended('jetson-07/runtime/download containerd', 'changed')],
        [60, started('jetson-07/runtime/download runc')],
      ),
    ])
    const lines = await screen.lines()
    expect(lines[0]).toMatch(/6 of 9$/)
    expect(lines.filter(line => line.includes('jetson-07'))).toEqual([expect.stringContaining('download runc')])
  })

  test('counts planned tasks that turn out to need no change, and no others', async () => {
    const screen = new Screen(100, 24)
    show(screen, [
      ...halfWay(),
      ...timed(
        [59, ended('jetson-07/runtime/download containerd', 'in desired state')],
        [60, ended('w1/os/time zone', 'in desired state')],
      ),
    ])
    const lines = await screen.lines()
    expect(lines[0]).toMatch(/6 of 9$/)
    expect(lines.at(-1)).toContain('✔ runtime 3')
  })

  test('says what ^C waits for', async () => {
    const screen = new Screen(130, 24)
    show(screen, [...halfWay(), ...timed([60, { type: 'run:stopping', how: 'after running exchanges' }])])
    expect((await screen.lines())[1]).toBe(
      '  Stopping: nothing new starts, ^C again kills what runs. Waiting for jetson-07 download containerd, cp1 kubeadm init.',
    )
  })

  test('takes itself off the screen for a question and at the end, and gives the cursor back', async () => {
    const screen = new Screen(100, 24)
    const reporter = show(screen, halfWay())
    expect(screen.cursorShown).toBe(false)
    reporter.pause()
    expect(await screen.lines()).toEqual([])
    expect(screen.cursorShown).toBe(true)
    reporter.show(timed([70, printed('cp1/control plane/kubeadm init', 'more')])[0]!)
    expect(await screen.lines()).toEqual([])
    reporter.resume()
    expect(screen.cursorShown).toBe(false)
    reporter.end()
    expect(await screen.lines()).toEqual([])
    expect(screen.cursorShown).toBe(true)
  })

  test('gives the cursor back when the process exits in between', () => {
    const screen = new Screen(100, 24)
    show(screen, halfWay())
    process.emit('exit', 0)
    expect(screen.cursorShown).toBe(true)
  })

  test('draws at most ten pictures a second', () => {
    const screen = new Screen(100, 24)
    const burst = Array.from({ length: 1000 }, (_, index) =>
      timed([60 + index / 1000, printed('cp1/control plane/kubeadm init', `line ${index}`)]),
    ).flat()
    show(screen, [...halfWay(), ...burst])
    const pictures = screen.written.split('edge-seoul').length - 1
    expect(pictures).toBeLessThanOrEqual(halfWay().length + 13)
  })

  test('cannot be repainted by what a host prints', async () => {
    const screen = new Screen(100, 24)
    const evil = '\u001b[2J\u001b[H\u001b]0;title\u0007all is well\u009b2J\u0000'
    show(screen, [...halfWay(), ...timed([60, printed('cp1/control plane/kubeadm init', evil)])])
    expect((await screen.lines())[0]).toMatch(/^edge-seoul/)
    expect(screen.written).not.toContain('\u001b[2J')
    expect(screen.written).not.toContain('\u0007')
  })

  test('uses colour only where asked to', () => {
    const [plain, coloured] = [new Screen(100, 24), new Screen(100, 24)]
    show(plain, halfWay())
    show(coloured, halfWay(), true)
    expect(plain.written).not.toMatch(/\u001b\[\d+m/)
    expect(coloured.written).toMatch(/\u001b\[\d+m/)
  })
})

test('before hosts are written to, shows how far reading is', async () => {
  const screen = new Screen(100, 24)
  show(screen, halfWay().slice(0, 3))
  expect(await screen.lines()).toEqual(['edge-seoul  0:01  reading 3 hosts, 2 connected', '  jetson-07  connecting'])
})

test('between the answer and the first write there is no clock: the one of the work begins at zero', async () => {
  const screen = new Screen(100, 24)
  const events = halfWay()
  const planned = events.findIndex(event => event.type === 'plan:ready')
  show(screen, events.slice(0, planned + 1))
  expect(await screen.lines()).toEqual(['edge-seoul  about to begin'])
})

test('a note of the work stays above the picture; one of the reading is for the plan', async () => {
  const screen = new Screen(100, 24)
  const note = (text: string) => ({ type: 'note', host: 'w1', text }) as const
  const events = halfWay()
  const applying = events.findIndex(event => event.type === 'apply:start') + 1
  const at = events[applying]!.at
  show(screen, [
    ...events.slice(0, 2),
    { at: events[1]!.at, ...note('before') },
    ...events.slice(2, applying),
    { at, ...note('no reply came') },
    ...events.slice(applying),
  ])
  const lines = await screen.lines()
  expect(lines[0]).toBe('note  w1  no reply came')
  expect(lines.join()).not.toContain('before')
})

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ExchangeRequest, Fence } from '../../src/core/host.ts'
import { compileExchange } from '../../src/shell/script.ts'
import { Fenced } from '../../src/shell/stream.ts'
import { probe, runLocally, shells } from './local.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-fence-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const run = (generation: number, name = `run-${generation}`): Fence => ({
  generation,
  run: name,
  folder: `${folder}/lib`,
})
const elsewhere = (text: string) => text.replaceAll('/run/evcctl', `${folder}/run`)
const touch = (name: string, fence?: Fence): ExchangeRequest => ({
  jobs: [{ steps: [{ run: `touch ${folder}/${name}` }], verify: probe('true') }],
  probes: [],
  ...(fence === undefined ? {} : { fence }),
})
const made = (name: string) => existsSync(join(folder, name))
const remembered = () => readFileSync(join(folder, 'lib/fence'), 'utf8').trim()

describe.each(shells)('on a host whose shell is %s', (...shell) => {
  const send = (request: ExchangeRequest) => runLocally(request, shell, {}, elsewhere)

  it('a run writes, and is remembered', async () => {
    await send(touch('a', run(3)))
    await send(touch('b', run(3)))
    expect([made('a'), made('b'), remembered()]).toEqual([true, true, '3 run-3'])
  })

  it('once a later run has written, the earlier one may no longer write', async () => {
    await send(touch('a', run(3)))
    await send(touch('b', run(4)))
    const refused = await send(touch('c', run(3))).catch(error => error)
    expect(refused).toBeInstanceOf(Fenced)
    expect(refused.generation).toBe(4)
    expect([made('b'), made('c'), remembered()]).toEqual([true, false, '4 run-4'])
  })

  it('another run of the same generation is refused', async () => {
    await send(touch('a', run(3)))
    await expect(send(touch('b', run(3, 'other')))).rejects.toThrow(Fenced)
    expect(made('b')).toBe(false)
  })

  it('a fence that holds no number counts as none', async () => {
    await send(touch('a', run(3)))
    writeFileSync(join(folder, 'lib/fence'), 'x\n')
    await send(touch('b', run(1)))
    expect(remembered()).toBe('1 run-1')
  })

  it('what probes only reads whoever wrote last, and writes nothing', async () => {
    await send({ jobs: [], probes: [probe('true')], fence: run(3) })
    expect(made('lib')).toBe(false)
  })

  it('nor does one for whose mark there is a folder in the place', async () => {
    mkdirSync(join(folder, 'lib/fence'), { recursive: true })
    const refused = await send(touch('a', run(3))).catch(error => error)
    expect(refused).toBeInstanceOf(Fenced)
    expect([made('a'), made('lib/fence/fence.new')]).toEqual([false, false])
  })

  it('a run that cannot be remembered does not write, and the reason is told', async () => {
    writeFileSync(join(folder, 'lib'), '')
    const refused = await send(touch('a', run(3))).catch(error => error)
    expect(refused).toBeInstanceOf(Fenced)
    expect(refused.message).toMatch(/lib/)
    expect(made('a')).toBe(false)
  })

  it('what an earlier run still does is ended before a later one writes, although its connection lives', async () => {
    const step = `echo $$ >${folder}/pid; while :; do sleep 0.1; done; touch ${folder}/late`
    const [part] = compileExchange(
      { jobs: [{ steps: [{ run: step }], verify: probe('true') }], probes: [], fence: run(3) },
      'abc',
    ).parts
    const [command = '', ...args] = shell
    const old = spawn(command, [...args, '-s'], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    old.stdin?.end(elsewhere(part?.kind === 'shell' ? (part.text(new Set()) ?? '') : ''))
    await vi.waitFor(() => expect(made('pid')).toBe(true), { timeout: 20_000 })
    await send(touch('b', run(4)))
    expect(made('b')).toBe(true)
    await vi.waitFor(() => expect(old.signalCode ?? old.exitCode).not.toBeNull(), { timeout: 20_000 })
    expect(made('late')).toBe(false)
  })

  it('a pushed file that arrives after a later run has written is not put in place', async () => {
    const push = (fence: Fence) => {
      const step = { push: '/x', to: `${folder}/file`, sha256: '', mode: 0o600 }
      const content = 'hello'
      const sha256 = spawnSync('sha256sum', { input: content }).stdout.toString().slice(0, 64)
      const request = { jobs: [{ steps: [{ ...step, sha256 }], verify: probe('true') }], probes: [], fence }
      const part = compileExchange(request, 'abc').parts.find(one => one.kind === 'push')
      if (part?.kind !== 'push') throw new Error('no file is pushed')
      expect(part.line).not.toContain('\n')
      const [command = '', ...args] = shell
      const child = spawn(command, [...args, '-c', 'IFS= read -r line && eval "$line"'])
      let out = ''
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString()
      })
      child.stdin.write(`${part.line}\n`)
      return {
        text: () => out,
        end: () => {
          child.stdin.end(content)
          return new Promise<string>(resolve => child.on('close', () => resolve(out)))
        },
      }
    }
    expect(await push(run(3)).end()).toContain('step 0 0 0')
    rmSync(join(folder, 'file'))
    const late = push(run(3))
    await vi.waitFor(() => expect(late.text()).toContain('resume 0'), { timeout: 20_000 })
    await send(touch('b', run(4)))
    expect(await late.end()).toContain('step 0 0 1')
    expect(made('file')).toBe(false)
    expect(await push(run(3)).end()).toContain('fenced 4')
    expect(made('file')).toBe(false)
  })
})

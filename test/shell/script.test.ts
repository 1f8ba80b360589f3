import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/core/errors.ts'
import type { ExchangeRequest } from '../../src/core/host.ts'
import type { Step } from '../../src/core/resource.ts'
import { Secret } from '../../src/core/secret.ts'
import { compileExchange, type Part } from '../../src/shell/script.ts'
import { probe } from './local.ts'

const nonce = '0123456789abcdef'

function oneJob(...steps: Step[]): ExchangeRequest {
  return { jobs: [{ steps, verify: probe('true') }], probes: [] }
}

function textOf(part: Part | undefined, failed: readonly number[] = []): string {
  if (part === undefined) throw new Error('no such part')
  return (part.kind === 'shell' ? part.text(new Set(failed)) : part.line) ?? ''
}

describe('compileExchange', () => {
  it('compiles probes', async () => {
    const request = { jobs: [], probes: [probe('cat /etc/hostname'), probe("echo 'a b'")] }
    const script = compileExchange(request, nonce)
    expect(script.parts).toHaveLength(1)
    await expect(textOf(script.parts[0])).toMatchFileSnapshot('../goldens/shell/probes.sh')
  })

  it('compiles each kind of step', async () => {
    const request: ExchangeRequest = {
      jobs: [
        {
          steps: [
            { run: 'systemctl daemon-reload', timeoutMs: 90_000 },
            { run: 'kubectl apply -f -', stdin: new Secret('kind: Secret\n', 'manifest') },
            { write: '/etc/x.conf', content: "it's\n", mode: 0o600, owner: 'root:adm' },
            { until: probe<boolean>('curl -fs localhost'), what: 'x', everyMs: 500, timeoutMs: 60_000 },
          ],
          verify: probe('sha256sum /etc/x.conf'),
        },
      ],
      probes: [probe('uname -r')],
    }
    await expect(textOf(compileExchange(request, nonce).parts[0])).toMatchFileSnapshot('../goldens/shell/jobs.sh')
  })

  it('cuts the script where a file is pushed', async () => {
    const push: Step = { push: '/home/me/kubeadm', to: '/usr/local/bin/kubeadm', sha256: 'ab12', mode: 0o755 }
    const script = compileExchange(
      { jobs: oneJob({ run: 'mkdir -p /x' }, push, { run: 'ls' }).jobs, probes: [probe('true')] },
      nonce,
    )
    expect(script.parts.map(part => part.kind)).toEqual(['shell', 'push', 'shell'])
    const line = textOf(script.parts[1])
    expect(line).not.toContain('\n')
    await expect(line).toMatchFileSnapshot('../goldens/shell/receive.sh')
    expect(textOf(script.parts[2])).toContain('evcctl_resume 0')
    expect(textOf(script.parts[2], [0])).not.toContain('evcctl_resume 0\n')
  })

  it('leaves out a part in which all jobs have failed', () => {
    const push: Step = { push: '/a', to: '/b', sha256: 'ab12', mode: 0o755 }
    const script = compileExchange(oneJob(push, { run: 'ls' }), nonce)
    const [, last] = script.parts
    expect(last?.kind === 'shell' && last.text(new Set([0]))).toBeUndefined()
  })

  it('runs equal probes once and answers each asker', () => {
    const script = compileExchange({ jobs: [], probes: [probe('a'), probe('b'), probe('a')] }, nonce)
    expect(script.answers).toEqual([[0], [1], [0]])
    expect(textOf(script.parts[0]).match(/^evcctl_probe \d/gm)).toEqual(['evcctl_probe 0', 'evcctl_probe 1'])
  })

  it('has nothing that writes on the host in a request of probes only', () => {
    const text = textOf(compileExchange({ jobs: [], probes: [probe('true')] }, nonce).parts[0])
    expect(text).not.toMatch(/\/run|mkdir|mktemp|<</)
    // Output goes to no file but /dev/null.
    expect((text.match(/>(?!&)\S*/g) ?? []).filter(to => !/^>\/dev\/null\b/.test(to))).toEqual([])
  })

  it('bounds an exchange by the time-outs of its steps', () => {
    expect(compileExchange({ jobs: [], probes: [probe('a')] }, nonce).timeoutMs).toBe(60_000)
    expect(compileExchange(oneJob({ run: 'x', timeoutMs: 200_000 }), nonce).timeoutMs).toBeGreaterThan(200_000)
    expect(compileExchange(oneJob({ run: 'x' }), nonce).timeoutMs).toBeGreaterThan(600_000)
  })

  it.each<[string, Step]>([
    ['a NUL byte in a file', { write: '/x', content: 'a\0b', mode: 0o644 }],
    ['a NUL byte on stdin', { run: 'cat', stdin: new Secret('a\0b', 'token') }],
    ['a lone surrogate', { write: '/x', content: '\ud800', mode: 0o644 }],
    ['a relative path', { write: 'x', content: '', mode: 0o644 }],
    ['a path that names a folder', { push: '/a', to: '/x/', sha256: '', mode: 0o644 }],
  ])('refuses %s', (_what, step) => {
    expect(() => compileExchange(oneJob(step), nonce)).toThrow(UserError)
  })
})

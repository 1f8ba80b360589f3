import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { type Change, type Probe, type ProbeResult, type Resource, Secret, type Step } from '../../src/core/index.ts'

/** Runs a script with the sh of this machine, as a host would: LC_ALL=C, no input. */
export function sh(script: string, options: { readonly stdin?: string; readonly path?: string } = {}): ProbeResult {
  const PATH = options.path === undefined ? process.env.PATH : `${options.path}:${process.env.PATH}`
  const ended = spawnSync('sh', ['-c', script], {
    env: { LC_ALL: 'C', PATH },
    input: options.stdin ?? '',
    encoding: 'utf8',
  })
  return { exitCode: ended.status ?? 1, stdout: ended.stdout, stderr: ended.stderr }
}

export function probe<C>({ script, parse }: Probe<C>): C {
  return parse(sh(script))
}

/**
 * Runs the steps that need no connection, and throws at the first one that fails. It does not set owners, because tests may
 * run without root.
 */
export function runSteps(steps: readonly Step[], options: { readonly path?: string } = {}): void {
  for (const step of steps) {
    if ('write' in step) {
      rmSync(step.write, { force: true })
      writeFileSync(step.write, plain(step.content))
      chmodSync(step.write, step.mode)
    } else if ('run' in step) {
      const ended = sh(`set -eu\n${step.run}`, { ...options, stdin: plain(step.stdin ?? '') })
      if (ended.exitCode !== 0) throw new Error(`exit code ${ended.exitCode}: ${ended.stderr}`)
    } else throw new Error('This step needs a host')
  }
}

/** The text as a host gets it, with Secrets revealed. */
export function plain(text: string | Secret): string {
  return text instanceof Secret ? text.reveal() : text
}

/** The change that a plan would show for a resource whose inputs are all known. */
export function compare<C, D, O>(resource: Resource<C, D, O>, current: C): Change | undefined {
  return resource.diff(current, resource.desired as D, { watched: [] })
}

/** Runs probe, diff, steps, and probe again. Returns the change that it found at first; throws if a change is left. */
export function converge<C, D, O>(resource: Resource<C, D, O>): Change | undefined {
  const current = probe(resource.probe)
  const change = compare(resource, current)
  if (change !== undefined) runSteps(resource.converge(current, resource.desired as D))
  const left = compare(resource, probe(resource.probe))
  if (left !== undefined) throw new Error(`did not converge: ${JSON.stringify(left)}`)
  return change
}

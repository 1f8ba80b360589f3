import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../../src/core/index.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { evcctl, eventsOf } from './kit/evcctl.ts'

let cluster: TestCluster

beforeAll(async () => {
  cluster = await startCluster({ hosts: '1+3', image: 'bookworm' })
  // Everything comes from a folder of this machine, over SSH, as where the hosts reach no server at all.
  const { folder } = cluster.mirror
  const text = await readFile(cluster.file, 'utf8')
  await writeFile(
    cluster.file,
    text
      .replace(`mirror: ${cluster.mirrorUrl}`, `folder: ${folder}`)
      .replaceAll(`url: ${cluster.mirrorUrl}`, `file: ${folder}`),
  )
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

async function nodes(): Promise<string[]> {
  const lines = await cluster.kubectl('get', 'nodes', '--no-headers')
  return lines
    .trim()
    .split('\n')
    .map(line => line.split(/\s+/).slice(0, 2).join(' '))
}

describe.sequential('one worker of three is switched off', () => {
  test('the others are joined; exit code and summary name the one that failed, and why', async () => {
    await cluster.hosts.kill('w2')
    const outcome = await evcctl(['apply', cluster.file, '--yes'], cluster.env)
    expect(outcome.exitCode).toBe(exitCodes.unreachable)
    expect(await nodes()).toEqual(['cp1 Ready', 'w1 Ready', 'w3 Ready'])
    const said = outcome.stdout + outcome.stderr
    expect(said).toContain(`w2 (${cluster.hosts.host('w2').address}:22)`)
    expect(said).toContain(`evcctl apply ${cluster.file}`)
    expect(said).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m)
  })

  test('when it is back, apply finishes it and touches nothing else', async () => {
    await cluster.hosts.start('w2')
    const outcome = await evcctl(['apply', cluster.file, '--yes', '--output', 'json'], cluster.env)
    expect(outcome.stderr).toBe('')
    expect(outcome.exitCode).toBe(0)
    expect(await nodes()).toEqual(['cp1 Ready', 'w1 Ready', 'w2 Ready', 'w3 Ready'])
    const others = eventsOf(outcome).flatMap(event =>
      event.type === 'task:end' && event.result === 'changed' && event.host !== 'w2' && !/w2/.test(event.title)
        ? [`${event.host} ${event.title}`]
        : [],
    )
    // The way between the two is proved by the one that comes later in the file.
    expect(others).toEqual(['w3 network check'])
    const plan = await evcctl(['plan', cluster.file], cluster.env)
    expect(plan.stdout).toContain('No changes.')
  })
})

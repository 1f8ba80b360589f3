import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { etcdSnapshotBefore, etcdSnapshots, type Resource, type SnapshotBeforeState } from '../../src/index.ts'
import { Sandbox } from './sandbox.ts'

/** Stands in for the script on the host: each call makes one archive. */
const takes = (host: Sandbox) => `n=$(ls ${host.root}/taken | wc -l)
file=/var/backups/evcctl/etcd/2026112$n.tar.gz
: >${host.root}/taken/$n
: >$file
printf '%s\\n' "snapshot=$file" "revision=$n"`

describe('a snapshot of etcd before a change', () => {
  let host: Sandbox
  const rooted = (text: string) => text.replaceAll('/var/backups', `${host.root}/var/backups`)
  const put = (script: string) => writeFileSync(join(host.root, 'script'), rooted(`#!/bin/sh\n${script}\n`))
  const here = (resource: Resource<SnapshotBeforeState, { readonly changes: string }>): typeof resource => ({
    ...resource,
    probe: { ...resource.probe, script: rooted(resource.probe.script) },
    converge: (...given) =>
      resource
        .converge(...given)
        .map(step =>
          'run' in step
            ? { ...step, run: rooted(step.run.replace(etcdSnapshots.script, `sh ${host.root}/script`)) }
            : step,
        ),
  })
  const upgrade = (version: string) =>
    here(etcdSnapshotBefore({ before: 'upgrade', changes: `the upgrade to Kubernetes ${version}` }))

  beforeEach(() => {
    host = new Sandbox()
    for (const folder of ['taken', 'var/backups/evcctl/etcd']) mkdirSync(join(host.root, folder), { recursive: true })
    put(takes(host))
  })
  afterEach(() => rmSync(host.root, { recursive: true, force: true }))

  test('is taken once for a change, and again for another one', async () => {
    expect((await host.compare(upgrade('1.36.4')))?.fields).toEqual([
      { field: 'before', after: 'the upgrade to Kubernetes 1.36.4' },
    ])
    expect((await host.apply(upgrade('1.36.4'))).exitCode).toBe(0)
    expect(await host.compare(upgrade('1.36.4'))).toBeUndefined()
    expect(await host.compare(upgrade('1.37.2'))).toBeDefined()
    const removal = here(etcdSnapshotBefore({ before: 'removal', changes: "the removal of it's w1" }))
    expect(await host.compare(removal)).toBeDefined()
    expect((await host.apply(removal)).exitCode).toBe(0)
    expect([await host.compare(removal), await host.compare(upgrade('1.36.4'))]).toEqual([undefined, undefined])
  })

  test('is taken again when it was deleted, and when it is older than a day', async () => {
    await host.apply(upgrade('1.36.4'))
    const file = join(host.root, 'var/backups/evcctl/etcd/20261120.tar.gz')
    const hours = (ago: number) => new Date(Date.now() - ago * 3_600_000)
    utimesSync(file, hours(23), hours(23))
    expect(await host.compare(upgrade('1.36.4'))).toBeUndefined()
    utimesSync(file, hours(25), hours(25))
    expect(await host.compare(upgrade('1.36.4'))).toBeDefined()
    await host.apply(upgrade('1.36.4'))
    expect(await host.compare(upgrade('1.36.4'))).toBeUndefined()
    rmSync(join(host.root, 'var/backups/evcctl/etcd/20261121.tar.gz'))
    expect(await host.compare(upgrade('1.36.4'))).toBeDefined()
  })

  test('that fails is recorded nowhere, and the error names the reason and the way around', async () => {
    put("echo 'No snapshot was taken: the disk is full' >&2; exit 1")
    const end = await host.apply(upgrade('1.36.4'))
    expect(end.exitCode).toBe(1)
    expect(existsSync(join(host.root, 'var/backups/evcctl/etcd/.before-upgrade'))).toBe(false)
    expect(await host.compare(upgrade('1.36.4'))).toBeDefined()
    const resource = upgrade('1.36.4')
    expect(resource.explain?.({ ...end, step: 0 }, { changes: '' })).toMatchObject({
      actual: 'No snapshot was taken: the disk is full',
      next: expect.stringContaining('spec.etcd.backup.beforeChanges'),
    })
  })
})

/**
 * Sets versions in the committed go.mod and go.sum of the kit, e.g. `node test/kit/pin.ts --kubernetes 1.36.5 --containerd
 * 2.3.5`. Versions without an option stay; etcd and CoreDNS follow the Kubernetes version.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cacheFolder } from './cache.ts'
import { ensureGo } from './go-toolchain.ts'
import { committedModule, makeModule, openCommittedModule, tagsOf } from './modules.ts'
import { Progress } from './progress.ts'

const option = { type: 'string' } as const
const { values } = parseArgs({
  options: { kubernetes: option, containerd: option, runc: option, cniPlugins: option, flannel: option },
})
const cache = cacheFolder()
const go = await ensureGo(cache, '1.26', new Progress())
const { pins: old } = await openCommittedModule()
const kubernetes = values.kubernetes ?? old.kubernetes
const tags = await tagsOf(kubernetes, cache, async () => go)
await rm(join(committedModule, 'go.sum'))
const pins = { ...old, ...values, kubernetes, etcd: tags.etcd.replace(/-\d+$/, ''), coredns: tags.coredns.slice(1) }
await makeModule(pins, committedModule, go)
process.stdout.write(`${JSON.stringify((await openCommittedModule()).pins, null, 2)}\n`)

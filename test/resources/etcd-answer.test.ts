import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import type { TaskId } from '../../src/index.ts'
import { etcdAnswer } from '../../src/resources/etcd/answer.ts'
import { Sandbox } from './sandbox.ts'
import { stateOf } from './state-of.ts'

const files = {
  caFile: '/etc/evcctl/etcd/ca.crt',
  certFile: '/etc/evcctl/etcd/client.crt',
  keyFile: '/etc/evcctl/etcd/client.key',
}
const endpoints = ['https://192.0.2.1:2379', 'https://192.0.2.2:2379']
const resource = etcdAnswer({ ...files, endpoints })
const letIn = '{"header":{"cluster_id":"17","revision":"7"}}'

/** A host with its files, on which curl says so for these endpoints and is refused by all others. */
async function look(answers: Readonly<Record<string, string>>, without?: string) {
  const sandbox = new Sandbox()
  for (const path of Object.values(files)) {
    if (path === without) continue
    mkdirSync(dirname(sandbox.inside(path)), { recursive: true })
    writeFileSync(sandbox.inside(path), 'x')
  }
  mkdirSync(join(sandbox.root, 'bin'))
  const cases = Object.entries(answers).map(([endpoint, said]) => `  ${endpoint}/v3/kv/range) echo '${said}' ;;\n`)
  writeFileSync(
    join(sandbox.root, 'bin/curl'),
    `#!/bin/sh\nfor url in "$@"; do :; done\necho "$url" >>${sandbox.root}/asked\ncase $url in\n${cases.join('')}  *) echo 'curl: (56) tls: bad certificate' >&2; exit 56 ;;\nesac\n`,
    { mode: 0o755 },
  )
  const current = resource.probe.parse(await sandbox.sh(resource.probe.script, '', `${sandbox.root}/bin:`))
  return resource.diff(current, { endpoints }, { watched: [] })
}

test('a host that etcd lets in has nothing to do, also where one of the members is down', async () => {
  expect(await look({ [endpoints[0]!]: letIn })).toBeUndefined()
  expect(await look({ [endpoints[1]!]: letIn })).toBeUndefined()
})

test('a host that etcd does not know is told why, before others get the same files', async () => {
  const refused = await look({})
  expect(refused?.fields[0]?.before).toContain('https://192.0.2.1:2379: curl: (56) tls: bad certificate')
  expect(await look({ [endpoints[0]!]: '<html>log in</html>' })).toMatchObject({ action: 'run' })
  expect((await look({ [endpoints[0]!]: letIn }, files.keyFile))?.fields[0]?.before).toContain(
    'client.key is not there',
  )
})

test('new files are proven by a new answer', () => {
  const watched = ['cp1/file:/etc/evcctl/etcd/client.crt' as TaskId]
  expect(resource.diff(stateOf(resource, `answer=${letIn}`), { endpoints }, { watched })).toMatchObject({
    action: 'run',
    because: watched,
  })
})

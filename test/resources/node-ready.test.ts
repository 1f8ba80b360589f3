import { spawnSync } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeReady } from '../../src/resources/node-ready.ts'
import { temporaryFolder } from '../kit/folder.ts'

const cells = (status: string) =>
  `{"kind":"Table","columnDefinitions":[{"name":"Status"}],"rows":[{"cells":["w1","${status}","worker","2m"],"object":null}]}`

/** What the probe finds where curl answers like this; undefined: the host is no node. */
async function found(curl: string | undefined): Promise<string | undefined> {
  await using folder = await temporaryFolder()
  const certificate = join(folder.path, 'client.pem')
  if (curl !== undefined) await writeFile(certificate, 'x')
  await writeFile(join(folder.path, 'curl'), `#!/bin/sh\n${curl ?? 'exit 9'}\n`)
  await chmod(join(folder.path, 'curl'), 0o755)
  const resource = nodeReady('w1', '127.0.0.1:7443')
  const script = resource.probe.script.replaceAll('/var/lib/kubelet/pki/kubelet-client-current.pem', certificate)
  const env = { PATH: `${folder.path}:${process.env.PATH}` }
  const ran = spawnSync('/bin/sh', ['-c', script], { env, encoding: 'utf8' })
  const state = resource.probe.parse({ exitCode: ran.status ?? 1, stdout: ran.stdout, stderr: ran.stderr })
  const change = resource.diff(state, { node: 'w1' }, { watched: [] })
  return change?.fields[0]?.before?.toString()
}

test.each<[string, string | undefined, string | undefined]>([
  ['that is Ready', `echo '${cells('Ready')}'`, undefined],
  ['that is Ready and cordoned', `echo '${cells('Ready,SchedulingDisabled')}'`, undefined],
  ['that is not Ready', `echo '${cells('NotReady')}'`, 'not Ready'],
  ['of a host that is no node', undefined, 'not there yet'],
  ['that the cluster does not have', `echo '{"kind":"Status","reason":"NotFound","code":404}'`, 'not there yet'],
  [
    'of an API that does not answer',
    'echo "curl: (7) refused" >&2; exit 7',
    'not known: the API server does not answer (curl: (7) refused)',
  ],
  [
    'of an API that forbids to ask',
    `echo '{"kind":"Status","reason":"Forbidden"}'`,
    'not known: the API server does not answer ({"kind":"Status","reason":"Forbidden"})',
  ],
])('a node %s', async (_what, curl, before) => {
  expect(await found(curl)).toBe(before)
})

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readHostAnswer } from '../../src/cli/status/health-answer.ts'
import { healthScript } from '../../src/cli/status/health-probe.ts'
import { Secret } from '../../src/core/index.ts'
import { specOf } from '../playbooks/given.ts'
import { Sandbox } from '../resources/sandbox.ts'

let host: Sandbox
beforeEach(() => {
  host = new Sandbox()
})
afterEach(() => rmSync(host.root, { recursive: true, force: true }))

const put = (path: string, text: string) => {
  const file = host.inside(path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}
const node = () => put('/var/lib/kubelet/config.yaml', 'healthzBindAddress: 127.0.0.1\nhealthzPort: 10248\n')
const controlPlane = () => {
  node()
  put(
    '/etc/kubernetes/manifests/kube-apiserver.yaml',
    '    - --advertise-address=192.0.2.11\n    - --secure-port=6444\n',
  )
  put(
    '/etc/kubernetes/manifests/etcd.yaml',
    '    - --listen-client-urls=https://127.0.0.1:2379,https://192.0.2.11:2379\n',
  )
}

/** Runs the script of a host with a curl that answers by the last word of its command line, and tells what it was asked. */
async function ask(
  cases: Readonly<Record<string, string>>,
  { spec = specOf(), name = 'cp1' }: { readonly spec?: ReturnType<typeof specOf>; readonly name?: string } = {},
) {
  const branches = Object.entries(cases).map(([pattern, does]) => `${pattern}) ${does} ;;`)
  const curl = `curl() {
  echo "asked: $*" >>/var/lib/evcctl/asked
  case "$*" in
  ${branches.join('\n  ')}
  *) echo "curl: (7) Failed to connect" ; return 7 ;;
  esac
}
`
  const asked = '/var/lib/evcctl/asked'
  put(asked, '')
  const script = curl + healthScript(spec, spec.hosts.find(one => one.name === name)!)
  const raw = await host.sh(script)
  const { stdout } = await host.sh(`cat ${asked}`)
  return { raw, answer: readHostAnswer(raw, { exitCode: 0, stdout: '', stderr: '' }), asked: stdout }
}
const ok = (body: string) => `printf '%s\\nhttp=200\\n' '${body}'`

describe('a host is asked for', () => {
  test('its own kubelet, API server and member of etcd, each at its own address', async () => {
    controlPlane()
    const members = '{"members":[{"name":"cp1"},{"name":"cp2","isLearner":true}]}'
    const { answer, asked } = await ask({
      '*:10248/healthz': ok('ok'),
      '*192.0.2.11:6444/readyz': ok('ok'),
      '*127.0.0.1:2379/health': ok('{"health":"true"}'),
      '*127.0.0.1:2379/v3/cluster/member/list': ok(members),
    })
    expect([answer.kubelet, answer.apiServer, answer.etcd].map(one => one.state)).toEqual(['ok', 'ok', 'ok'])
    expect(answer.members).toEqual([
      { name: 'cp1', learner: false },
      { name: 'cp2', learner: true },
    ])
    expect(asked).not.toContain('apiserver-kubelet-client')
    expect(asked).toContain('pki/etcd/healthcheck-client.crt')
    // Root's .curlrc may name a proxy.
    expect(asked.match(/^asked: (?!-q ).*/gm)).toBeNull()
  })

  test('its API server with a certificate where it refuses those who show none', async () => {
    controlPlane()
    const { answer } = await ask({
      '*apiserver-kubelet-client.key*readyz': ok('ok'),
      '*readyz': `printf 'Unauthorized\\nhttp=401\\n'`,
    })
    expect(answer.apiServer).toEqual({ state: 'ok', said: '' })
  })

  test('the checks that fail, and none of those that do not', async () => {
    controlPlane()
    const { answer } = await ask({
      '*readyz': `{ seq -f '[+]check%.0f ok' 200; printf '[-]etcd failed: reason withheld\\nreadyz check failed\\nhttp=500\\n'; }`,
    })
    expect(answer.apiServer).toEqual({ state: 'failed', said: 'etcd failed: reason withheld' })
    expect(answer.kubelet).toEqual({ state: 'failed', said: 'Failed to connect' })
  })

  test('the port and address that the settings of its kubelet give', async () => {
    put('/var/lib/kubelet/config.yaml', 'healthzBindAddress: "::1"\nhealthzPort: 20248\n')
    const { answer } = await ask({ '*http://?::1?:20248/healthz': ok('ok') }, { name: 'w1' })
    expect(answer.kubelet.state).toBe('ok')
  })

  test('nothing that is not set up there', async () => {
    const { answer, asked } = await ask({})
    expect([answer.kubelet, answer.apiServer, answer.etcd].map(one => one.state)).toEqual([
      'absent',
      'absent',
      'absent',
    ])
    expect(asked).toBe('')
  })

  test('its member of an etcd on hosts of its own', async () => {
    put('/etc/etcd/etcd.env', 'ETCD_NAME=e1\n')
    const spec = specOf({
      hosts: [
        { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
        { name: 'e1', address: '192.0.2.31', roles: ['etcd'] },
      ],
      etcd: { topology: 'external' },
    })
    const { answer, asked } = await ask({ '*127.0.0.1:2379/health': ok('{"health":"true"}') }, { spec, name: 'e1' })
    expect(answer.etcd.state).toBe('ok')
    expect(asked).toContain('/etc/etcd/pki/server.crt')
    expect(asked).not.toContain('healthz')
  })

  test('the endpoints of an etcd that somebody else runs, once it has a certificate to show', async () => {
    const own = specOf()
    const endpoints = ['https://192.0.2.31:2379', 'https://192.0.2.32:2379']
    const key = new Secret('', 'key')
    const spec = {
      ...own,
      etcd: { topology: 'external' as const, managed: false as const, endpoints, ca: '', certificate: '', key },
    }
    expect((await ask({}, { spec })).answer.endpoints.size).toBe(0)
    put('/etc/evcctl/etcd/client.crt', 'x')
    const { answer } = await ask({ '*192.0.2.32:2379/health': ok('{"health":"true"}') }, { spec })
    expect([...answer.endpoints].sort().map(([index, { state }]) => [index, state])).toEqual([
      [0, 'failed'],
      [1, 'ok'],
    ])
  })

  test('all at once: what hangs does not hold up the rest', async () => {
    controlPlane()
    const { raw } = await ask({
      '*readyz': 'sleep 1; echo "curl: (28) Operation timed out"; return 28',
      '*health*': 'sleep 1; echo "curl: (28) Operation timed out"; return 28',
    })
    expect(raw.stdout.trim().split('\n')).toHaveLength(3)
  })
})

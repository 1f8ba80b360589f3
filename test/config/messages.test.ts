import { describe, expect, it } from 'vitest'
import { UserErrors } from '../../src/core/index.ts'
import { cluster, controlPlane, errorsOf, parse } from './cluster-file.ts'

function messageOf(text: string): string {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof UserErrors) return error.message
    throw error
  }
  return ''
}

describe('a message', () => {
  it('shows place, explanation and source, as a whole', () => {
    const text = `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: edge }
spec:
  hosts:
    - name: cp1
      address: 192.0.2.11
      roles: [control-plane]
    - name: w1
      adress: 192.0.2.21
      roles: [worker]
`
    expect(messageOf(text)).toBe(`/site/cluster.yaml:10:7  spec.hosts[1].adress
  There is no key "adress" here. Did you mean "address"?
   9 │     - name: w1
  10 │       adress: 192.0.2.21
     │       ^^^^^^`)
  })

  it('shows what was expected, what came and what to do', () => {
    expect(messageOf(cluster('os: { disableSwap: yes }'))).toBe(`/site/cluster.yaml:5:22  spec.os.disableSwap
  disableSwap has the wrong type.
  expected  true or false
  actual    "yes"
  4 │ spec:
  5 │   os: { disableSwap: yes }
    │                      ^^^
  Write disableSwap: true`)
  })

  it('marks the place after wide characters', () => {
    const [error] = errorsOf(cluster('etcd: { 서울: 1 }'))
    expect(error?.excerpt?.split('\n').at(-1)).toBe('  │           ^^^^')
  })

  it('cuts long lines around the place', () => {
    const labels = Array.from({ length: 60 }, (_, index) => `label-${index}: "x"`).join(', ')
    const host = `{ name: w1, address: 192.0.2.21, roles: [worker], labels: { ${labels} }, adress: x }`
    const lines = errorsOf(cluster('', [controlPlane, host]))[0]?.excerpt?.split('\n') ?? []
    expect(Math.max(...lines.map(line => line.length))).toBeLessThan(120)
    const [shown = '', mark = ''] = lines.slice(-2)
    expect(shown.slice(mark.indexOf('^'), mark.lastIndexOf('^') + 1)).toBe('adress')
  })

  it('never shows a password, also not beside another error', () => {
    const text = messageOf(cluster('ssh: { password: hunter22, usr: ada, sudoPassword: { fromEnv: "s3cret!" } }'))
    expect(text).toContain('"user"')
    expect(text).not.toMatch(/hunter22|s3cret/)
  })

  it.each([
    'sudo_password: hunter22',
    'sudoPasword: hunter22',
    'sshPass: hunter22',
    'token: hunter22',
    'password: { plain: hunter22 }',
    'password: { fromEnv: A, valeu: [hunter22] }',
    'password: [hunter22]',
  ])('never shows a secret under another key: %s', keys => {
    expect(messageOf(cluster(`ssh: { ${keys} }`))).not.toContain('hunter22')
    const unclosed = messageOf(cluster(`ssh: { ${keys}, user: [ }`))
    expect(unclosed).toContain('not closed')
    expect(unclosed).not.toContain('hunter22')
  })

  it('shows where a secret comes from', () => {
    expect(messageOf(cluster('ssh: { password: { fromFile: ./it, fromfile: a } }'))).toContain('fromFile: ./it')
    expect(messageOf(cluster('ssh: { password: { fromEnv: NAME, fromenv: a } }'))).toContain('fromEnv: NAME')
  })
})

describe('all errors at once', () => {
  it('are told in the order of the file, each once', () => {
    const text = `apiVersion: evcctl.dev/v1alpha1
kind: Clutser
metadata: { name: edge }
spec:
  kubernetes: { version: 1.33.99 }
  network: { podCIDR: 10.96.0.0/16 }
  runtime: { version: 2.3.99, nmae: x }
  controlPlane: { localProxyPort: 6443 }
  hosts:
    - { name: cp1, adress: 192.0.2.11, roles: [control-plane] }
    - { name: cp1, address: 192.0.2.21, roles: [worker], labels: { a: 1 } }
    - { name: w2, address: 192.0.2.21, roles: [worker] }
`
    expect(errorsOf(text).map(({ where }) => where?.replace('/site/cluster.yaml:', ''))).toEqual([
      '2:7  kind',
      '5:26  spec.kubernetes.version',
      '6:23  spec.network.podCIDR',
      '7:31  spec.runtime.nmae',
      '8:35  spec.controlPlane.localProxyPort',
      '10:20  spec.hosts[0].adress',
      '11:15  spec.hosts[1].name',
      '11:71  spec.hosts[1].labels.a',
      '12:28  spec.hosts[2].address',
    ])
  })

  it('does not conclude from a wrong value', () => {
    // Whether the default range overlaps says nothing while podCIDR itself is wrong.
    const paths = errorsOf(cluster('network: { podCIDR: x, serviceCIDR: 10.240.0.0/12 }')).map(({ where }) => where)
    expect(paths).toEqual(['/site/cluster.yaml:5:23  spec.network.podCIDR'])
  })
})

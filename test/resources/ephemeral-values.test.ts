import { describe, expect, test } from 'vitest'
import { withoutCredentials } from '../../src/core/credentials.ts'
import { endedRunsValues, ephemeralLabel, tokenDescription } from '../../src/resources/kubeadm/ephemeral-values.ts'
import { absent, answered, unreachable } from './api-given.ts'

const path = '/api/v1/namespaces/kube-system/secrets?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken'
const resource = endedRunsValues()
const token = (id: string, description: string, labels = {}) => ({
  metadata: { name: `bootstrap-token-${id}`, labels },
  data: { description: Buffer.from(description).toString('base64'), 'token-secret': '' },
})
const changeFor = (raw: Parameters<typeof resource.probe.parse>[0]) =>
  resource.diff(resource.probe.parse(raw), {}, { watched: [] })

describe('bootstrap tokens of ended runs', () => {
  test('that evcctl made are deleted, and those of others are left alone', () => {
    const items = [
      token('aaaaaa', tokenDescription),
      token('bbbbbb', 'of a colleague'),
      token('cccccc', 'Proxy for managing TTL for the kubeadm-certs secret', { [ephemeralLabel]: 'certificate-key' }),
      token('dddddd', 'Proxy for managing TTL for the kubeadm-certs secret'),
    ]
    const raw = answered({ [path]: { items } })
    expect(changeFor(raw)).toEqual({
      action: 'delete',
      fields: ['aaaaaa', 'cccccc'].map(id => ({ field: 'id', before: id, after: 'nothing' })),
    })
    // A field called token would be hidden as a whole.
    expect(withoutCredentials(changeFor(raw)!).fields).toEqual(changeFor(raw)!.fields)
    const [step] = resource.converge(resource.probe.parse(raw), {})
    const script = step !== undefined && 'run' in step ? step.run : ''
    expect(script.match(/delete secret bootstrap-token-\w+/g)).toEqual([
      'delete secret bootstrap-token-aaaaaa',
      'delete secret bootstrap-token-cccccc',
    ])
  })

  test.each([
    ['there are none', answered({ [path]: { items: [] } })],
    ['there is no cluster', absent],
    ['the API server does not answer', unreachable],
    ['a name is no token', answered({ [path]: { items: [token('a;reboot', tokenDescription), 7, null] } })],
    ['the answer is no list', answered({ [path]: { items: 'x' } })],
  ])('are no change where %s', (_, raw) => {
    expect(changeFor(raw)).toBeUndefined()
  })

  test('are asked for without what makes them valid', () => {
    expect(resource.probe.script).toContain('s/"token-secret":"[^"]*"/"token-secret":""/g')
  })
})

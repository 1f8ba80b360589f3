import type { ErrorDetails } from '../../core/error-details.ts'
import type { Resource } from '../../core/resource.ts'
import { fieldsOf, refuse } from '../support/index.ts'
import { etcdPaths } from './paths.ts'

export interface EtcdDataGoneState {
  /** Whether there is data of a member. */
  readonly data: boolean
  /** The name of the member in the settings that evcctl wrote; undefined if there are none. */
  readonly member: string | undefined
}

const { data, creating, environment } = etcdPaths

/**
 * No data of an external etcd's member. It is deleted only if the settings that evcctl wrote name this host as the member:
 * data of somebody else stays. What else lies in the folder stays as well. It has to be done when the member is stopped, and
 * before its settings are removed.
 */
export function etcdDataGone(host: string): Resource<EtcdDataGoneState, Record<never, never>> {
  return {
    kind: 'etcd data',
    name: 'gone',
    title: 'data of etcd',
    probe: {
      script: `if [ -e ${data}/member ]; then echo data=yes; else echo data=no; fi
if [ -f ${environment} ] && grep -q '^# Kept by evcctl' ${environment}; then sed -n 's/^ETCD_NAME=/member=/p' ${environment}; fi
`,
      parse(raw) {
        const fields = fieldsOf(raw, ['data'])
        return { data: fields.get('data') === 'yes', member: fields.get('member') }
      },
    },
    desired: {},
    diff(current) {
      if (!current.data || current.member === undefined) return undefined
      if (current.member !== host) return refuse(otherMember(current.member, host))
      return {
        action: 'delete',
        fields: [{ field: `${data}/member`, before: 'data of the member', after: 'nothing' }],
        note: 'snapshots stay',
      }
    },
    converge: () => [{ run: `rm -rf --one-file-system ${data}/member ${creating}\n`, timeoutMs: 10 * 60_000 }],
  }
}

function otherMember(actual: string, host: string): ErrorDetails {
  return {
    problem: 'The host is a member of etcd with another name. Nothing was changed on it.',
    expected: `the member ${host}`,
    actual: `the member ${actual}`,
    next: `Is ${host} at another address? Correct the address in cluster.yaml.`,
  }
}

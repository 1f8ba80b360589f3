import type { Resource } from '../../core/resource.ts'
import { fieldsOf } from '../support/index.ts'

/** The slice of systemd below which the kubelet makes one for each pod. */
const slice = 'kubepods.slice'

/**
 * No cgroups of pods on a host that is no node any more: the kubelet makes them as slices of systemd, and leaves them when it is
 * stopped. The current state is whether the slice is active.
 */
export function podSlicesGone(): Resource<boolean, Record<never, never>> {
  return {
    kind: 'cgroups of pods',
    name: '',
    probe: {
      script: `echo "state=$(systemctl show -p ActiveState --value -- ${slice})"\n`,
      parse: raw => fieldsOf(raw, ['state']).get('state') === 'active',
    },
    desired: {},
    diff: isActive =>
      isActive ? { action: 'delete', fields: [{ field: slice, before: 'active', after: 'stopped' }] } : undefined,
    converge: () => [{ run: `systemctl stop -- ${slice}\n` }],
  }
}

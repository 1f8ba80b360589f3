import type { HostFacts } from '../core/host.ts'
import type { Resource } from '../core/resource.ts'
import { etcdPaths } from './etcd-paths.ts'
import { fieldsOf } from './probe-output.ts'

/** `creating`: there is data, but the member has never been healthy. Read with the facts of a host. */
export type EtcdData = HostFacts['etcd']['data']

/** The data folder of an etcd member, for root only. The current state is `root 700`, or `absent`. */
export function etcdFolder(): Resource<string, { readonly mode: string }> {
  const { data } = etcdPaths
  return {
    kind: 'folder',
    name: data,
    probe: {
      script: `if [ -d ${data} ]; then echo "folder=$(stat -L -c '%U %a' ${data})"; else echo folder=absent; fi\n`,
      parse: raw => fieldsOf(raw, ['folder']).get('folder')!,
    },
    desired: { mode: '700' },
    diff(folder) {
      if (folder === 'absent') return { action: 'create', fields: [{ field: 'mode', after: '700' }] }
      if (folder === 'root 700') return undefined
      return { action: 'update', fields: [{ field: 'owner and mode', before: folder, after: 'root 700' }] }
    },
    converge: () => [{ run: `mkdir -p ${data}\nchown root:root ${data}\nchmod 700 ${data}\n` }],
  }
}

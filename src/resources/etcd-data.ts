import type { Resource } from '../core/resource.ts'
import { etcdPaths } from './etcd-paths.ts'
import { fieldsOf } from './probe-output.ts'

/** `creating`: there is data, but the member has never been healthy. */
export type EtcdData = 'none' | 'creating' | 'formed'

export interface EtcdDataState {
  readonly data: EtcdData
  /** `root 700`, or `absent`. */
  readonly folder: string
}

/** The data folder of an etcd member, for root only, and whether there is data in it. */
export function etcdData(): Resource<EtcdDataState, { readonly mode: string }, { readonly data: EtcdData }> {
  const { data, creating } = etcdPaths
  return {
    kind: 'folder',
    name: data,
    probe: {
      script: `if [ -d ${data} ]; then echo "folder=$(stat -c '%U %a' ${data})"; else echo folder=absent; fi
if [ ! -d ${data}/member/wal ]; then echo data=none
elif [ -e ${creating} ]; then echo data=creating
else echo data=formed; fi
`,
      parse(raw) {
        const fields = fieldsOf(raw, ['folder', 'data'])
        return { data: fields.get('data') as EtcdData, folder: fields.get('folder')! }
      },
    },
    desired: { mode: '700' },
    diff({ folder }) {
      if (folder === 'absent') return { action: 'create', fields: [{ field: 'mode', after: '700' }] }
      if (folder === 'root 700') return undefined
      return { action: 'update', fields: [{ field: 'owner and mode', before: folder, after: 'root 700' }] }
    },
    converge: () => [{ run: `mkdir -p ${data}\nchown root:root ${data}\nchmod 700 ${data}\n` }],
    output: current => ({ data: current.data }),
  }
}

import type { ErrorDetails } from '../../core/error-details.ts'
import type { Resource } from '../../core/resource.ts'
import type { EtcdFacts } from '../../facts/etcd.ts'
import { fieldsOf } from '../support/index.ts'
import { etcdPaths, etcdUnit } from './paths.ts'

/** `creating`: there is data, but the member has never been healthy. Read with the facts of a host. */
export type EtcdData = EtcdFacts['etcd']['data']

/**
 * The data folder of an etcd member, accessible to root only. The current state is `root 700`, or `absent`, or
 * `link <path>`: a link that leads out of the folder, which is the only place where the unit of etcd may write.
 */
export function etcdFolder(): Resource<string, { readonly mode: string }> {
  const { data } = etcdPaths
  return {
    kind: 'folder',
    name: data,
    probe: {
      script: `${findLink(data)}if [ -n "$link" ]; then echo "folder=link $link"; elif [ -d ${data} ]; then echo "folder=$(stat -L -c '%U %a' ${data})"; else echo folder=absent; fi\n`,
      parse: raw => fieldsOf(raw, ['folder']).get('folder')!,
    },
    desired: { mode: '700' },
    diff(folder) {
      if (folder === 'absent') return { action: 'create', fields: [{ field: 'mode', after: '700' }] }
      if (folder === 'root 700') return undefined
      if (folder.startsWith('link '))
        return {
          action: 'update',
          fields: [{ field: 'link', before: folder.slice(5) }],
          refused: linkedData(folder.slice(5)),
        }
      return { action: 'update', fields: [{ field: 'owner and mode', before: folder, after: 'root 700' }] }
    },
    converge: () => [{ run: `mkdir -p ${data}\nchown root:root ${data}\nchmod 700 ${data}\n` }],
  }
}

function findLink(data: string): string {
  return `link= real=$(readlink -f ${data}) || :
for part in ${data}/member ${data}/member/wal ${data}/member/snap; do
  if [ -L "$part" ]; then case $(readlink -f "$part") in "$real"/?*) ;; *) link=$part; break ;; esac; fi
done
`
}

function linkedData(path: string): ErrorDetails {
  return {
    problem: `${path} is a link that leads out of ${etcdPaths.data}: etcd may write only in that folder.`,
    expected: `a folder, or a mount point, at ${path}`,
    actual: 'a link',
    next: `Stop etcd if it runs (systemctl stop ${etcdUnit}), and have the disk mounted at ${path} itself, or at ${etcdPaths.data}, with a line in /etc/fstab instead of the link.`,
  }
}

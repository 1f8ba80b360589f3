import type { FactModule } from '../core/facts.ts'
import { mountsScript, parseUnmounted } from './etcd-mounts.ts'

export interface EtcdFacts {
  readonly etcd: {
    /** The data in /var/lib/etcd. `creating`: there is data of a member that has never been healthy. */
    readonly data: 'none' | 'creating' | 'formed'
    /**
     * Folders that fstab or a unit wants mounted and that are not: /var/lib/etcd, a folder that holds it, or one inside it.
     */
    readonly unmounted?: readonly string[]
    /** Whether evcctl has begun to make a member of an external etcd here: its settings or its unit exist. */
    readonly own: boolean
    /** Whether evcctl has begun to create a member of an external etcd on this host: the settings or the unit exist. */
    readonly ca: boolean
    /** Whether the host has the key of the CA of an external etcd: /etc/etcd/ca/ca.key. */
    readonly client: boolean
  }
}

export const etcdFacts: FactModule<EtcdFacts> = {
  script: `at etcd
if [ ! -d /var/lib/etcd/member/wal ]; then :; elif [ -e /var/lib/evcctl/etcd.creating ]; then echo creating; else echo formed; fi
for file in /etc/etcd/etcd.env /etc/systemd/system/etcd.service; do
  [ ! -f "$file" ] || ! grep -q '^# Kept by evcctl' "$file" || echo own
done
${mountsScript}[ ! -s /etc/etcd/ca/ca.key ] || echo ca
[ ! -s /etc/evcctl/etcd/client.crt ] || echo client
`,
  parse(sections) {
    const lines = sections('etcd')
    const data = lines.includes('formed') ? 'formed' : lines.includes('creating') ? 'creating' : 'none'
    const unmounted = parseUnmounted(lines)
    const is = { own: lines.includes('own'), ca: lines.includes('ca'), client: lines.includes('client') }
    return { etcd: { data, ...is, ...(unmounted.length > 0 && { unmounted }) } }
  },
}

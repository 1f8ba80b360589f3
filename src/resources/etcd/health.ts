import { askingProbeMs } from '../../core/limits.ts'
import type { Resource } from '../../core/resource.ts'
import { clearMark } from '../../shell/on-disk.ts'
import { fieldsOf } from '../support/index.ts'
import { keepScript } from '../systemd/index.ts'
import { etcdctl, etcdPaths } from './paths.ts'
import { keptEtcd } from './service.ts'

export interface EtcdHealthState {
  readonly healthy: boolean
  /** Whether the member has been healthy before. */
  readonly formed: boolean
}

/** An etcd member that belongs to a cluster with a quorum: a read through its own endpoint succeeds. */
export function etcdHealth(name: string, clientURL: string): Resource<EtcdHealthState, { readonly healthy: true }> {
  const { client, pki, creating } = etcdPaths
  const ask = `${etcdctl(clientURL, 5)} endpoint health`
  return {
    kind: 'etcd health',
    name,
    probe: {
      script: `if [ ! -e ${creating} ]; then echo formed=yes; else echo formed=no; fi
if [ -x ${client} ] && [ -s ${pki}/server.crt ] && ${ask} >/dev/null 2>&1; then echo healthy=yes; else echo healthy=no; fi
`,
      timeoutMs: askingProbeMs,
      parse(raw) {
        const fields = fieldsOf(raw, ['formed', 'healthy'])
        return { healthy: fields.get('healthy') === 'yes', formed: fields.get('formed') === 'yes' }
      },
    },
    desired: { healthy: true },
    diff({ healthy, formed }) {
      if (healthy && formed) return undefined
      const before = healthy ? 'just created' : 'does not answer, or has no quorum'
      return { action: 'run', fields: [{ field: 'state', before, after: 'healthy' }] }
    },
    converge: () => [
      {
        until: { script: `${ask} 2>&1`, parse: raw => raw.exitCode === 0 },
        what: `etcd on ${name} is healthy`,
        everyMs: 300,
        timeoutMs: 120_000,
      },
      // A new member starts when it joins, so the task of its unit may have nothing to do.
      { run: `${keepScript(keptEtcd)}${clearMark(creating)}` },
    ],
    explain: failure => ({
      problem: `etcd on ${name} is not healthy: it does not answer, or too few members answer for a quorum.`,
      actual: failure.stderr.trim() || failure.stdout.trim(),
      next: 'See why, on each etcd host: systemctl status etcd; journalctl -u etcd -n 100 --no-pager',
    }),
  }
}

import type { Command } from '@oclif/core'
import { Apply } from './commands/apply.ts'
import { CertsRenew } from './commands/certs/renew.ts'
import { CertsRotateCa } from './commands/certs/rotate-ca.ts'
import { CertsStatus } from './commands/certs/status.ts'
import { Check } from './commands/check.ts'
import { EtcdDefrag } from './commands/etcd/defrag.ts'
import { EtcdRestore } from './commands/etcd/restore.ts'
import { EtcdSnapshot } from './commands/etcd/snapshot.ts'
import { EtcdStatus } from './commands/etcd/status.ts'
import { Exec } from './commands/exec.ts'
import { Init } from './commands/init.ts'
import { Kubeconfig } from './commands/kubeconfig.ts'
import { LocalDown } from './commands/local/down.ts'
import { LocalList } from './commands/local/list.ts'
import { LocalUp } from './commands/local/up.ts'
import { NetworkCheck } from './commands/network/check.ts'
import { Ping } from './commands/ping.ts'
import { Plan } from './commands/plan.ts'
import { Remove } from './commands/remove.ts'
import { Reset } from './commands/reset.ts'
import { Schema } from './commands/schema.ts'
import { SshSetup } from './commands/ssh/setup.ts'
import { Status } from './commands/status.ts'
import { Validate } from './commands/validate.ts'

/**
 * All commands by name. Their files hold only flags and help. The code of a command is loaded when the command runs, so
 * that `evcctl --help` starts quickly.
 */
export const commands: Readonly<Record<string, Command.Class>> = {
  apply: Apply,
  'certs:renew': CertsRenew,
  'certs:rotate-ca': CertsRotateCa,
  'certs:status': CertsStatus,
  check: Check,
  'etcd:defrag': EtcdDefrag,
  'etcd:restore': EtcdRestore,
  'etcd:snapshot': EtcdSnapshot,
  'etcd:status': EtcdStatus,
  exec: Exec,
  init: Init,
  kubeconfig: Kubeconfig,
  'local:down': LocalDown,
  'local:list': LocalList,
  'local:up': LocalUp,
  'network:check': NetworkCheck,
  ping: Ping,
  plan: Plan,
  remove: Remove,
  reset: Reset,
  schema: Schema,
  'ssh:setup': SshSetup,
  status: Status,
  validate: Validate,
}

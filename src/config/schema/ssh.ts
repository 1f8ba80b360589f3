import { z } from 'zod'
import { duration, flag, localPath, port, text } from './scalars.ts'
import { secret } from './secret.ts'

// [user@]host[:port], also as ssh://…; src/ssh parses it.
const hop = '(ssh://)?([^\\s,]+@)?([^\\s@,:[\\]/-][^\\s@,:[\\]/]*|\\[[0-9A-Fa-f:.]+(%[\\w.-]+)?\\])(:\\d{1,5})?/?'

/** `spec.ssh`, and `ssh` of a host, whose keys win over the same keys of spec.ssh. ~/.ssh/config decides keys that both leave out. */
export const sshSchema = z.strictObject({
  user: text(/^[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?$/, 'a user name')
    .describe('User to log in as. Default: ~/.ssh/config, else the user who runs evcctl.')
    .optional(),
  port: port.describe('Port of sshd. Default: ~/.ssh/config, else 22.').optional(),
  identityFile: z
    .union([localPath, z.array(localPath).min(1, { error: 'at least one path' })])
    .describe(
      'Private key, or several that are tried in order. Default: ~/.ssh/config, else the agent and the usual names.',
    )
    .optional(),
  passphrase: secret('Passphrase of the private key.').optional(),
  agent: flag.describe('Whether keys of the agent (SSH_AUTH_SOCK) are tried. Default: true.').optional(),
  knownHosts: z
    .strictObject({
      file: localPath
        .describe(
          'A known_hosts file. Default: ~/.ssh/config, else ~/.ssh/known_hosts. Those of the machine (/etc/ssh/ssh_known_hosts, or GlobalKnownHostsFile) are read as well, and what they revoke is refused.',
        )
        .optional(),
      policy: z
        .enum(['strict', 'accept-new'])
        .describe(
          '`strict` refuses hosts whose key is not known, `accept-new` records it. A changed key is always refused. Counts for jump hosts too. Default: StrictHostKeyChecking of ~/.ssh/config, else strict.',
        )
        .optional(),
    })
    .describe('How host keys are checked.')
    .optional(),
  proxyJump: text(
    new RegExp(`^(none|${hop}(,${hop})*)$`),
    'jump hosts as in ssh -J: [user@]host[:port], separated by commas (an IPv6 address in brackets), or none',
  )
    .describe(
      'Jump hosts to go through, as in ssh -J; an IPv6 address in brackets, e.g. `[2001:db8::1]:22`. `none` switches off what ~/.ssh/config or spec.ssh says.',
    )
    .optional(),
  password: secret('Password to log in with.').optional(),
  sudoPassword: secret('Password for sudo, used only where sudo asks for one.').optional(),
  // An hour is long enough, and setTimeout of Node takes 24 days at most.
  connectTimeout: duration
    .refine(ms => ms >= 1_000 && ms <= 3_600_000, { error: 'a duration of 1s to 1h' })
    .describe(
      'Time to connect and log in, 1s to 1h. Default: 20s. Where it is more than 30s, the other hosts wait as long for one that is read more slowly than they are.',
    )
    .optional(),
})

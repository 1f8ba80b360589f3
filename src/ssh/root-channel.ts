import type { ClientChannel } from 'ssh2'
import type { Secret } from '../core/secret.ts'
import { credential } from '../shell/script.ts'
import type { Connection } from './connection.ts'
import { isForbidden, passwordEnd, passwordPrompt, type RootMode, rootError, rootReady, wrongPassword } from './sudo.ts'

/** How a host becomes root, remembered from one exchange to the next. */
export interface RootState {
  mode: RootMode
  /** True once a script has run as root in this mode. */
  proven: boolean
  readonly password: Secret | undefined
}

/** Nothing is known yet: root is root, and of others sudo is first asked without a password. */
export function initialRoot(user: string, password: Secret | undefined): RootState {
  return { mode: user === 'root' ? 'root' : 'sudo', proven: false, password }
}

/**
 * Opens a channel whose command becomes root, up to where its stdin is the program's. Rejects with HostError of kind
 * `root` when sudo refuses the password, with NotOpened, or with the signal's reason.
 * The first time, the password is sent when sudo asks for it and nothing else before it is accepted: sudo would take
 * the lines that follow for further tries, and lock the account. Later on all goes in one go.
 */
export async function openAsRoot(
  connection: Connection,
  root: RootState,
  command: (mode: RootMode) => string,
  options: { readonly urgent?: boolean; readonly signal?: AbortSignal } = {},
): Promise<ClientChannel> {
  const channel = await connection.exec(command(root.mode), options)
  if (root.mode !== 'sudo with password' || root.password === undefined) return channel
  const line = `${credential(root.password)}\n`
  if (root.proven) channel.write(line)
  else await becomeRoot(connection, channel, line, root.password.label, options.signal)
  channel.write(`${passwordEnd}\n`)
  return channel
}

function becomeRoot(
  connection: Connection,
  channel: ClientChannel,
  line: string,
  label: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stderr = ''
    let sent = false
    const onAbort = (): void => done(signal?.reason)
    const done = (error?: unknown): void => {
      signal?.removeEventListener('abort', onAbort)
      channel.stderr.off('data', onStderr)
      channel.off('close', onClose)
      if (error === undefined) {
        resolve()
        return
      }
      channel.close()
      reject(error)
    }
    const onStderr = (chunk: Buffer): void => {
      stderr = (stderr + chunk.toString()).slice(-8192)
      if (stderr.includes(rootReady)) {
        done()
        return
      }
      const asked = stderr.split(passwordPrompt).length - 1
      if (asked > 1) done(wrongPassword(connection.endpoint, label, stderr))
      else if (asked === 1 && !sent) {
        sent = true
        channel.write(line)
      }
    }
    const onClose = (code?: number | null): void => {
      // A right password does not help who may not become root.
      if (sent && !isForbidden(stderr)) done(wrongPassword(connection.endpoint, label, stderr))
      else done(rootError(connection.endpoint, 'sudo with password', { exitCode: code ?? -1, stdout: '', stderr }))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    channel.stderr.on('data', onStderr)
    channel.on('close', onClose)
    // Nothing is printed there yet, but an unread stream would hold back the close.
    channel.resume()
    if (signal?.aborted === true) onAbort()
  })
}

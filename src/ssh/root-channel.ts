import type { ClientChannel } from 'ssh2'
import { limits } from '../core/limits.ts'
import type { Secret } from '../core/secret.ts'
import { credential } from '../shell/script.ts'
import type { Connection } from './connection.ts'
import {
  loginUid,
  passwordEnd,
  passwordPrompt,
  type RootMode,
  refusedAfterPassword,
  rootError,
  rootReady,
  silentAfterPassword,
  wrongPassword,
} from './sudo.ts'

// More than a lecture and all warnings of sudo.
const mostHeard = 8192

/** How a host becomes root, remembered from one exchange to the next. */
export interface RootState {
  mode: RootMode
  /** True once a script has run as root in this mode. */
  proven: boolean
  readonly password: Secret | undefined
  /** How long sudo may take after the password. */
  readonly sudoSeconds: number
}

/** Nothing is known yet: root is root, others are asked for their uid, and sudo is first asked without a password. */
export function initialRoot(user: string, password: Secret | undefined, sudoSeconds = limits.sudoMs / 1000): RootState {
  return { mode: user === 'root' ? 'root' : 'sudo', proven: false, password, sudoSeconds }
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
  if (root.mode === 'sudo') noticeRoot(channel, root)
  if (root.mode !== 'sudo with password' || root.password === undefined) return channel
  const line = `${credential(root.password)}\n`
  if (root.proven) channel.write(line)
  else await becomeRoot(connection, channel, root, line, root.password.label, options.signal)
  channel.write(`${passwordEnd}\n`)
  return channel
}

// The login says its uid before anything else on stderr; who is root already needs no sudo from then on.
function noticeRoot(channel: ClientChannel, root: RootState): void {
  let stderr = ''
  const onStderr = (chunk: Buffer): void => {
    stderr += chunk.toString('latin1')
    const uid = loginUid(stderr)
    if (uid === 0) root.mode = 'root'
    if (uid !== undefined || stderr.length > mostHeard) channel.stderr.off('data', onStderr)
  }
  channel.stderr.on('data', onStderr)
}

function becomeRoot(
  connection: Connection,
  channel: ClientChannel,
  { sudoSeconds }: RootState,
  line: string,
  label: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let stderr = ''
    let sent = false
    let timer: NodeJS.Timeout | undefined
    const { endpoint } = connection
    const onAbort = (): void => done(signal?.reason)
    const done = (error?: unknown): void => {
      clearTimeout(timer)
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
      stderr = (stderr + chunk.toString()).slice(-mostHeard)
      if (stderr.includes(rootReady)) {
        done()
        return
      }
      const asked = stderr.split(passwordPrompt).length - 1
      if (asked > 1) done(wrongPassword(endpoint, label, stderr))
      else if (asked === 1 && !sent) {
        sent = true
        channel.write(line)
        timer = setTimeout(() => done(silentAfterPassword(endpoint, label, sudoSeconds, stderr)), sudoSeconds * 1000)
      }
    }
    const onClose = (code?: number | null): void => {
      const exitCode = code ?? -1
      if (sent) done(refusedAfterPassword(endpoint, label, exitCode, stderr))
      else done(rootError(endpoint, 'sudo with password', { exitCode, stdout: '', stderr }))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    channel.stderr.on('data', onStderr)
    channel.on('close', onClose)
    // Nothing is printed there yet, but an unread stream would hold back the close.
    channel.resume()
    if (signal?.aborted === true) onAbort()
  })
}

import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ContainerRuntimeClient } from 'testcontainers'
import { Countdown } from '../core/countdown.ts'
import { UserError } from '../core/errors.ts'
import { execIn } from './docker.ts'

/** A host that has been started. */
export interface StartingHost {
  readonly name: string
  readonly address: string
  readonly containerId: string
  /** Ports that sshd listens on. */
  readonly sshPorts: readonly number[]
}

/** The longest that a host may take to boot, s. */
const bootSeconds = 60

// is-system-running prints "offline" until systemd listens; from then on it waits until the boot has ended.
const booted = `
until case $(systemctl is-system-running --wait 2>/dev/null) in running | degraded) true ;; *) false ;; esac
do sleep 0.05; done
while [ -e /run/nologin ]; do sleep 0.05; done`

const diagnosis = 'systemctl --failed --no-legend --plain; journalctl --boot --no-pager --lines 15'

/** Waits until systemd has booted, logins are allowed and sshd answers. Raises UserError after 60 s, with the journal's end. */
export async function waitUntilReady(client: ContainerRuntimeClient, host: StartingHost): Promise<void> {
  const boot = await execIn(client, host.containerId, ['timeout', String(bootSeconds), 'sh', '-c', booted]).catch(
    (cause: unknown) => ({ exitCode: -1, stdout: '', stderr: String(cause) }),
  )
  if (boot.exitCode !== 0) throw await notReady(client, host, 'systemd did not finish its boot')
  for (const port of host.sshPorts) {
    if (!(await sshAnswers(host.address, port))) {
      throw await notReady(client, host, `sshd does not answer at ${host.address}:${port} from this machine`)
    }
  }
}

async function sshAnswers(address: string, port: number): Promise<boolean> {
  using patience = new Countdown(15_000)
  while (!patience.signal.aborted) {
    if (await bannerCame(address, port)) return true
    await sleep(50)
  }
  return false
}

function bannerCame(address: string, port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ host: address, port, timeout: 2000 })
    const end = (actual: boolean) => {
      socket.destroy()
      resolve(actual)
    }
    socket.on('data', data => end(data.toString('latin1').startsWith('SSH-')))
    socket
      .on('error', () => end(false))
      .on('timeout', () => end(false))
      .on('close', () => end(false))
  })
}

async function notReady(client: ContainerRuntimeClient, host: StartingHost, problem: string): Promise<UserError> {
  const seen = await execIn(client, host.containerId, ['timeout', '10', 'sh', '-c', diagnosis]).catch(() => undefined)
  // A container that has ended, or is about to end, has no journal to read, only its output.
  const logs = seen?.exitCode === 0 ? seen.stdout : await containerLog(client, host.containerId)
  return new UserError({
    where: `container host ${host.name}`,
    problem,
    expected: `systemd up and sshd answering within ${bootSeconds} s`,
    actual: logs.trim() || 'no output',
    next: 'Containers must be able to run systemd, and their addresses must be reachable from here (not so with Docker Desktop).',
  })
}

async function containerLog(client: ContainerRuntimeClient, containerId: string): Promise<string> {
  const container = client.container.getById(containerId)
  const log = await container.logs({ stdout: true, stderr: true, tail: 20 }).catch(() => '')
  return log.toString()
}

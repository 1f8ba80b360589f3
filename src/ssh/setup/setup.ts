import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import PQueue from 'p-queue'
import { limits } from '../../core/limits.ts'
import type { SshTarget } from '../../core/ssh-target.ts'
import { readSshConfig } from '../config/index.ts'
import { expandHome } from '../home.ts'
import { KeyRing } from '../keys.ts'
import { KnownHostsStore } from '../known-hosts-store.ts'
import type { LoginRefused } from '../login.ts'
import type { Endpoint } from '../resolve.ts'
import { behind } from './failures.ts'
import { prepareIdentity, type SetupIdentity } from './identity.ts'
import { giveUp, inHand, type Machine, machinesOf } from './machine.ts'
import type { SetupOptions } from './options.ts'
import { confirm, each, enter, install, look, proveRoot, type SetupRun } from './steps.ts'

// The same number as in the pool: handshakes cost CPU time, and sshd limits them.
const machinesAtATime = 16

export interface SetupOutcome {
  /** All machines; jump hosts come before the machines behind them. */
  readonly machines: readonly Machine[]
  readonly identities: readonly SetupIdentity[]
}

/**
 * Sets up the login with a key on every machine: records the host key, adds the public key to authorized_keys, proves the
 * login over a new connection, and proves root. Steps that are already done are skipped. An error on one machine is in
 * that machine's progress. Rejects with UserError if a key cannot be used, or with the signal's reason.
 */
export async function setUpLogins(targets: readonly SshTarget[], options: SetupOptions): Promise<SetupOutcome> {
  const given = options.identityFile === undefined ? undefined : resolve(expandHome(options.identityFile))
  const config = readSshConfig(options.sshConfigFile)
  const machines = machinesOf(targets, config, endpoint => given ?? chooseIdentity(endpoint))
  const identities = await prepareIdentities(machines, options)
  const run: SetupRun = {
    options,
    identities,
    services: { knownHosts: new KnownHostsStore(), keys: new KeyRing(), keepaliveMs: limits.keepaliveMs },
    queue: new PQueue({ concurrency: machinesAtATime }),
  }
  try {
    const deepest = Math.max(...machines.map(({ hops }) => hops))
    for (let hops = 0; hops <= deepest; hops++)
      await setUpWave(
        machines.filter(machine => machine.hops === hops),
        run,
      )
  } finally {
    await Promise.all(machines.map(machine => machine.connection?.close()))
  }
  return { machines, identities: [...identities.values()] }
}

// Of the key files of an endpoint, the first that exists, else the first.
function chooseIdentity({ identityFiles }: Endpoint): string {
  return identityFiles.find(file => existsSync(file)) ?? identityFiles[0] ?? expandHome('~/.ssh/id_ed25519')
}

async function prepareIdentities(
  machines: readonly Machine[],
  { questions, dryRun }: SetupOptions,
): Promise<ReadonlyMap<string, SetupIdentity>> {
  const identities = new Map<string, SetupIdentity>()
  for (const { identityFile, endpoint } of machines) {
    if (identities.has(identityFile)) continue
    const { passphrase, agentSocket } = endpoint
    const ask = questions.passphrase === undefined ? {} : { askPassphrase: questions.passphrase }
    identities.set(identityFile, await prepareIdentity(identityFile, { passphrase, agentSocket, dryRun, ...ask }))
  }
  return identities
}

// Sets up machines with the same number of jumps. Each step runs on all of them at once, so that a person is asked once.
async function setUpWave(wave: readonly Machine[], run: SetupRun): Promise<void> {
  const { dryRun } = run.options
  for (const machine of wave)
    if (machine.via !== undefined && machine.via.progress.login !== 'ok') giveUp(machine, undefined, behind(machine))
  const refused = new Map<Machine, LoginRefused>()
  const unknown = await look(wave.filter(inHand), refused, run)
  if (unknown.length > 0 && !dryRun) await look(await confirm(unknown, run), refused, run)
  if (dryRun) {
    for (const machine of refused.keys()) machine.progress.key = 'to be installed'
    for (const machine of unknown) machine.progress.hostKey = 'to be recorded'
  } else {
    // The order of the file, not of the answers, because it is also the order of the questions.
    const inOrder = wave.flatMap(machine => {
      const refusal = refused.get(machine)
      return refusal === undefined ? [] : [[machine, refusal] as const]
    })
    await enter(new Map(inOrder), run)
    const entered = inOrder.map(([machine]) => machine).filter(inHand)
    await each(entered, run, machine => install(machine, run))
  }
  await each(
    wave.filter(machine => inHand(machine) && machine.progress.login === 'ok'),
    run,
    machine => proveRoot(machine, run),
  )
}

import { execFile } from 'node:child_process'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, test } from 'vitest'
import { exitCodes } from '../../src/core/errors.ts'
import { evcctl } from '../kubernetes/kit/evcctl.ts'
import { clusterOf, printed, stackTrace } from './kit/scene.ts'
import { useHosts } from './kit/use-hosts.ts'

const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const roles = ['worker'] as const

const on = useHosts({
  hosts: [
    { name: 'cp1', roles: ['control-plane'] },
    { name: 'w1', roles },
    { name: 'asks', roles, password: 'the right one', sudo: 'with password' },
    { name: 'mortal', roles, password: 'the right one', sudo: 'none' },
    { name: 'sudoless', roles, setup: 'rm /usr/bin/sudo' },
    { name: 'away', roles },
    { name: 'late', roles },
  ],
})

beforeAll(async () => {
  const keygen = (name: string, passphrase: string) =>
    promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-f', join(on.scene.folder, name)])
  await Promise.all([keygen('other-key', ''), keygen('locked-key', 'a secret'), on.hosts.disconnect('away')])
  // What an error says to run next is run as it stands.
  await chmod(await on.scene.write('evcctl', `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`), 0o755)
})

/** Runs a command that an error gave, as a user does who copies it. */
function follow(command: string): Promise<unknown> {
  const env = { ...process.env, ...on.scene.env, PATH: `${on.scene.folder}:${process.env.PATH}` }
  return promisify(execFile)('sh', ['-c', command], { env })
}

/** A known_hosts file with the keys of cp1, and those under the address of w1 as well if that is to look changed. */
async function knownHosts(name: string, changed: boolean): Promise<string> {
  const [cp1, w1] = [on.hosts.host('cp1').address, on.hosts.host('w1').address]
  const lines = (await readFile(on.hosts.knownHostsFile, 'utf8')).split('\n').filter(line => line.startsWith(`${cp1} `))
  const wrong = changed ? lines.map(line => line.replace(cp1, w1)) : []
  return on.scene.write(name, `${[...lines, ...wrong].join('\n')}\n`)
}

interface Fault {
  readonly what: string
  readonly host: string
  /** Entry of the host in cluster.yaml. */
  readonly entry?: () => Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  readonly says: readonly RegExp[]
  readonly cure: RegExp
  /** What then makes the same cluster file work; without it the entry itself is corrected. */
  readonly mend?: () => Promise<unknown>
  readonly fixedEnv?: Readonly<Record<string, string>>
}

const file = (name: string) => join(on.scene.folder, name)

const faults: readonly Fault[] = [
  {
    what: 'a key that the host does not know',
    host: 'w1',
    entry: () => ({ ssh: { identityFile: file('other-key') } }),
    says: [/WHERE: login as evcctl was refused/, /expected .*publickey/, /actual +key ~\/other-key \(ssh-ed25519\)/],
    cure: /ssh-copy-id -i ~\/other-key evcctl@ADDRESS$/m,
  },
  {
    what: 'a key file that is not there',
    host: 'w1',
    entry: () => ({ ssh: { identityFile: file('no-key') } }),
    says: [/WHERE: login as evcctl was refused/, /key ~\/no-key not tried: no such file/],
    cure: /ssh\.identityFile of cluster\.yaml: ls -l ~\/no-key/,
  },
  {
    what: 'an encrypted key without its passphrase',
    host: 'w1',
    entry: () => ({ ssh: { identityFile: file('locked-key') } }),
    says: [/WHERE: login as evcctl was refused/, /key ~\/locked-key not tried: encrypted, and no passphrase is given/],
    cure: /ssh-add ~\/locked-key .*or ssh\.passphrase in cluster\.yaml/,
  },
  {
    what: 'a port on which nothing listens',
    host: 'w1',
    entry: () => ({ ssh: { port: 2222 } }),
    says: [/w1 \(ADDRESS:2222\): nothing listens on port 2222/],
    cure: /nc -vz ADDRESS 2222/,
  },
  {
    what: 'a name that is not in DNS',
    host: 'w1',
    entry: () => ({ address: 'no-such-host.invalid', privateAddress: on.hosts.host('w1').address }),
    says: [/w1 \(no-such-host\.invalid:22\): the name no-such-host\.invalid is not found in DNS/],
    cure: /getent hosts no-such-host\.invalid/,
  },
  {
    what: 'an address that nobody has',
    host: 'w1',
    entry: () => ({ address: on.hosts.host('w1').address.replace(/\d+$/, '250') }),
    says: [/w1 \(\S+\.250:22\): there is no route to \S+\.250/],
    cure: /ip route get \S+\.250/,
  },
  {
    what: 'a host that is off',
    host: 'away',
    entry: () => ({ ssh: { connectTimeout: '5s' } }),
    says: [/WHERE: no answer/],
    cure: /Is it up, .*nc -vz ADDRESS 22/,
    mend: () => on.hosts.reconnect('away'),
  },
  {
    what: 'a sudo password that is wrong',
    host: 'asks',
    entry: () => ({ ssh: { sudoPassword: { fromEnv: 'EVCCTL_TEST_SUDO' } } }),
    env: { EVCCTL_TEST_SUDO: 'not the one' },
    says: [
      /WHERE: sudo did not take the password of evcctl/,
      /actual +sudo password from \$EVCCTL_TEST_SUDO: Sorry, try again/,
    ],
    cure: /ssh -t -i \S+ evcctl@ADDRESS sudo -k -v/,
    mend: async () => {},
    fixedEnv: { EVCCTL_TEST_SUDO: 'the right one' },
  },
  {
    what: 'a sudo password that is missing',
    host: 'asks',
    says: [/WHERE: sudo asks for the password of evcctl, and none is given/, /actual +sudo: a password is required/],
    cure: /spec\.ssh\.sudoPassword in cluster\.yaml \(fromEnv, fromFile or prompt\)/,
  },
  {
    what: 'a user who may not become root',
    host: 'mortal',
    entry: () => ({ ssh: { sudoPassword: { fromEnv: 'EVCCTL_TEST_SUDO' } } }),
    env: { EVCCTL_TEST_SUDO: 'the right one' },
    says: [/WHERE: evcctl may not become root/, /actual +evcctl is not in the sudoers file/],
    cure: /usermod -aG sudo evcctl/,
    mend: () => on.hosts.exec('mortal', 'usermod -aG sudo evcctl'),
  },
  {
    what: 'a host without sudo',
    host: 'sudoless',
    says: [/WHERE: sudo is not installed, and evcctl is not root/],
    cure: /apt-get install sudo/,
  },
]

describe('a host that cannot be worked on is named with a cure, and the others are planned nevertheless', () => {
  test.concurrent.for(faults)('$what', async (fault, { expect }) => {
    const { what, host, says, cure, mend } = fault
    const name = `${what.replaceAll(' ', '-')}.yaml`
    const entry = { name: host, ...fault.entry?.() }
    const path = await on.scene.write(name, clusterOf(on.hosts, [{ name: 'cp1' }, entry]))
    const outcome = await evcctl(['plan', path], { ...on.scene.env, ...fault.env })
    const { address } = on.hosts.host(host)
    const shown = printed(outcome).replaceAll(`${host} (${address}:22)`, 'WHERE').replaceAll(address, 'ADDRESS')
    for (const words of [...says, cure]) expect(shown).toMatch(words)
    expect(shown).toMatch(new RegExp(`^✘ ${host} could not be read; nothing is planned for it$`, 'm'))
    expect(shown).toMatch(/^cp1: \d+ changes$/m)
    expect(shown).not.toMatch(stackTrace)
    for (const secret of Object.values(fault.env ?? {})) expect(shown).not.toContain(secret)
    expect(outcome.exitCode).toBe(exitCodes.unreachable)

    if (host === 'sudoless' || (host === 'asks' && mend === undefined)) return
    await mend?.()
    if (mend === undefined) await on.scene.write(name, clusterOf(on.hosts, [{ name: 'cp1' }, { name: host }]))
    const again = await evcctl(['plan', path], { ...on.scene.env, ...fault.env, ...fault.fixedEnv })
    expect(again.stdout).toContain('read 2 hosts in ')
    expect(again).toMatchObject({ exitCode: exitCodes.ok, stderr: '' })
  })

  test.concurrent.for([
    {
      what: 'not known',
      changed: false,
      says: [/WHERE: its host key is not known/, /expected +a line for ADDRESS in ~\/\S+$/m],
      cure: /prints it\): (evcctl ping .*)$/m,
    },
    {
      what: 'changed',
      changed: true,
      says: [
        /WHERE: its host key has changed\. Nothing was sent\./,
        /expected .*ssh-ed25519 SHA256:\S+ {2}~\/\S+ line 4/s,
      ],
      cure: /If the machine was reinstalled: (.*)$/m,
    },
  ])('a host key that is $what; its cure can be copied', async ({ what, changed, says, cure }, { expect }) => {
    const known = await knownHosts(`${what.replace(' ', '-')}-keys`, changed)
    const spec = { knownHosts: { file: known, policy: changed ? 'accept-new' : 'strict' } }
    const path = await on.scene.write(
      `${what.replace(' ', '-')}-key.yaml`,
      clusterOf(on.hosts, [{ name: 'cp1' }, { name: 'w1', ssh: spec }]),
    )
    const { address } = on.hosts.host('w1')
    for (const command of ['ping', 'plan']) {
      const outcome = await on.scene.run(command, path)
      const shown = printed(outcome).replaceAll(`w1 (${address}:22)`, 'WHERE').replaceAll(address, 'ADDRESS')
      for (const words of [...says, cure, /actual +ssh-ed25519 SHA256:/]) expect(shown).toMatch(words)
      expect(shown).not.toMatch(stackTrace)
      expect(outcome.exitCode).toBe(exitCodes.unreachable)
    }
    const { stdout } = await on.scene.run('plan', path)
    await follow(cure.exec(stdout)![1]!)
    expect(await on.scene.run('plan', path)).toMatchObject({ exitCode: exitCodes.ok, stderr: '' })
  })

  test.concurrent('the first control plane node, without which nothing can be planned', async ({ expect }) => {
    const path = await on.scene.write(
      'cp1-down.yaml',
      clusterOf(on.hosts, [{ name: 'cp1', ssh: { port: 2222 } }, { name: 'w1' }]),
    )
    for (const args of [['plan'], ['apply', '--yes']]) {
      const outcome = await on.scene.run(args[0]!, path, ...args.slice(1))
      expect(outcome.exitCode).toBe(exitCodes.unreachable)
      expect(outcome.stderr).toContain(`cp1 (${on.hosts.host('cp1').address}:2222): nothing listens on port 2222`)
      expect(outcome.stderr).toContain(`nc -vz ${on.hosts.host('cp1').address} 2222`)
      expect(printed(outcome)).not.toMatch(stackTrace)
    }
  })

  test.concurrent('a clock that is off, a disk that is full and a host that is off are told at once, and leave out their hosts alone', async ({
    expect,
  }) => {
    // A container has the clock of the machine: what a script that asks for the time gets is another matter.
    const date = '#!/bin/sh\nexec /usr/bin/date -d "10 minutes ago" "$@"\n'
    const spoilt = await on.hosts.exec(
      'late',
      `printf '%s' '${date}' >/usr/local/sbin/date && chmod +x /usr/local/sbin/date && mount -t tmpfs -o size=8m tmpfs /tmp`,
    )
    expect(spoilt.exitCode).toBe(0)
    const entries = [{ name: 'cp1' }, { name: 'w1' }, { name: 'late' }]
    const broken = { name: 'asks', ssh: { port: 2222 } }
    const path = await on.scene.write('late.yaml', clusterOf(on.hosts, [...entries, broken]))
    const outcome = await on.scene.run('plan', path)
    expect(outcome.exitCode).toBe(exitCodes.failed)
    const [, late = ''] =
      /(late is not fit for the cluster; nothing is planned for it[\s\S]*?)\n\n/.exec(outcome.stdout) ?? []
    expect(late).toContain('There are 2 things wrong with it.')
    expect(late).toMatch(
      /The clock of the host differs from those of the other hosts\.\n +expected +at most 30 s from their median\n +actual +(599|600)\.\d s behind\n/,
    )
    expect(late).toContain('timedatectl set-ntp true')
    expect(late).toMatch(/There is too little free space for \/tmp\.\n +expected +at least 64 MiB\n +actual +8 MiB\n/)
    expect(late).toContain('du -xh /tmp | sort -h')
    expect(outcome.stdout).toContain('nothing listens on port 2222')
    // The others can go on without them.
    expect(outcome.stdout).toMatch(/kubeadm init/)
    expect(printed(outcome)).not.toMatch(stackTrace)
    expect((await on.hosts.exec('late', 'ls -d /var/lib/evcctl /etc/evcctl')).stdout).toBe('')

    await on.hosts.exec('late', 'rm /usr/local/sbin/date; umount /tmp')
    await on.scene.write('late.yaml', clusterOf(on.hosts, entries))
    expect(await on.scene.run('plan', path)).toMatchObject({ exitCode: exitCodes.ok, stderr: '' })
  })
})

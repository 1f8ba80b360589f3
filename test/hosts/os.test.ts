import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nginxPackages, nginxProxy, nginxUnit } from '../../roles/nginx-proxy/index.ts'
import { type OsParameters, os } from '../../roles/os/index.ts'
import { file, GraphBuilder, hostname, swapOff, systemdUnit } from '../../src/index.ts'
import type { LocalHosts } from '../../src/local/hosts.ts'
import { applyTo, planOf } from './kit/converge.ts'
import { DockerPool } from './kit/docker-pool.ts'
import { fileSystem, writtenPaths } from './kit/file-system.ts'
import { packageRepository } from './kit/package-repository.ts'
import { startHosts } from './kit/start-hosts.ts'

const config = '/etc/evcctl/nginx-proxy.conf'
const unitFile = '/etc/systemd/system/evcctl-nginx-proxy.service'
const proxyTask = 'w1/unit:evcctl-nginx-proxy.service'
const sysctlTask = 'w1/sysctls:/etc/sysctl.d/99-zz-evcctl.conf'

function osParameters(address: string): OsParameters {
  return {
    packages: {
      manage: true,
      updateCache: 'when needed',
      extra: [...nginxPackages],
      keepDisabled: [nginxUnit],
    },
    sysctls: {},
    kernelModules: [],
    // The swap of a container is the machine's.
    disableSwap: false,
    setHostname: true,
    hostname: 'w1',
    address,
  }
}

function graphOf(address: string, upstreams: readonly string[] = [address]) {
  const builder = new GraphBuilder()
  const { packages } = os.declare(builder.scope('w1', 'os'), osParameters(address))
  const after = packages === undefined ? [] : [packages]
  nginxProxy.declare(builder.scope('w1', 'nginx-proxy'), {
    port: 7443,
    upstreams: [...upstreams],
    upstreamPort: 6443,
    replaces: 'evcctl-haproxy.service',
    after,
  })
  return builder.build()
}

// The hosts side by side, and each in the order of its tests: they wait for services most of the time.
const inOrder = test.sequential

describe.concurrent.each(['trixie', 'bookworm'] as const)('a %s host', image => {
  let hosts: LocalHosts
  let pool: DockerPool
  let address: string

  const run = async (command: string) => {
    const { stdout, stderr, exitCode } = await hosts.exec('w1', command)
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}${stdout}`)
    return stdout.trim()
  }
  const plan = (upstreams?: readonly string[]) => planOf(graphOf(address, upstreams), pool)
  const apply = async (upstreams?: readonly string[]) => {
    expect(await applyTo(graphOf(address, upstreams), pool)).toEqual(new Map())
    expect(await plan(upstreams)).toEqual(new Map())
  }
  const mainPid = () => run('systemctl show -p MainPID --value evcctl-nginx-proxy.service')

  beforeAll(async () => {
    hosts = await startHosts({ image, hosts: [{ name: 'w1', roles: ['worker'] }] })
    pool = new DockerPool(hosts)
    address = hosts.host('w1').address
  })
  afterAll(() => hosts?.[Symbol.asyncDispose]())

  inOrder('is planned without a write, converges, and needs nothing afterwards', async () => {
    await run('echo 0 >/proc/sys/vm/overcommit_memory')
    const before = await fileSystem(hosts, 'w1')
    const changes = await plan()
    expect(writtenPaths(before, await fileSystem(hosts, 'w1'))).toEqual([])
    expect(changes.get(proxyTask)).toMatchObject({ action: 'create' })
    expect(changes.get(sysctlTask)?.fields).toContainEqual({ field: 'vm.overcommit_memory', before: '0', after: '1' })
    await apply()
    expect(await run('cat /proc/sys/vm/overcommit_memory')).toBe('1')
    expect(await run('getent hosts w1')).toContain(address)
  })

  inOrder('forwards connections to the API server, and starts before the kubelet', async () => {
    await run(`systemd-run --unit=api socat TCP-LISTEN:6443,bind=${address},fork,reuseaddr EXEC:cat`)
    await run("until ss -Hltn 'sport = :6443' | grep -q .; do sleep 0.1; done")
    expect(await run('(echo hello; sleep 1) | socat - TCP:127.0.0.1:7443')).toBe('hello')
    expect(await run('systemctl show -p Before --value evcctl-nginx-proxy.service')).toContain('kubelet.service')
    expect(await run('systemctl is-enabled evcctl-nginx-proxy.service')).toBe('enabled')
    expect(await run('ps -o user= -C nginx | sort -u')).toBe('www-data')
  })

  inOrder('is fixed after edits by hand, each of which the plan names', async () => {
    await run(`echo '# mine' >>${config}`)
    await run('echo 0 >/proc/sys/vm/overcommit_memory; systemctl disable --now evcctl-nginx-proxy.service')
    await run("sed -i '/evcctl: own name/d' /etc/hosts; chmod 755 /var/lib/evcctl")
    const changes = await plan()
    expect([...changes.keys()].sort()).toEqual(
      [
        'w1/file:/etc/evcctl/nginx-proxy.conf',
        proxyTask,
        'w1/folder:/var/lib/evcctl',
        'w1/hosts entry:own name',
        sysctlTask,
      ].sort(),
    )
    expect(changes.get(proxyTask)?.fields).toEqual([
      { field: 'state', before: 'stopped', after: 'running' },
      { field: 'at boot', before: 'not started', after: 'started' },
    ])
    await apply()
  })

  inOrder('is restarted if a run died between the write and the restart', async () => {
    const started = await mainPid()
    await run(`sed -i 's/RestartSec=1/RestartSec=2/' ${unitFile}`)
    expect((await plan()).get(proxyTask)).toMatchObject({ action: 'restart' })
    // The file is written again; then the run dies.
    const whole = graphOf(address)
    const onlyFiles = new Map([...whole.tasks].filter(([id]) => id.includes('/file:')))
    expect(await applyTo({ ...whole, tasks: onlyFiles, edges: [] }, pool)).toEqual(new Map())
    expect(await plan()).toEqual(
      new Map([[proxyTask, expect.objectContaining({ action: 'restart', fields: expect.anything() })]]),
    )
    await apply()
    expect(await mainPid()).not.toBe(started)
  })

  inOrder('takes new upstreams without dropping a connection', async () => {
    const started = await mainPid()
    // A connection that says something every second.
    await run(
      "systemd-run --unit=client sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 1; done | socat -t 3 - TCP:127.0.0.1:7443 >/run/echoed'",
    )
    const change = (await plan([address, '192.0.2.99'])).get(proxyTask)
    expect(change).toEqual({
      action: 'run',
      fields: [{ field: 'reload', after: config }],
      because: [`w1/file:${config}`],
    })
    await apply([address, '192.0.2.99'])
    expect(await mainPid()).toBe(started)
    await run('until [ "$(systemctl is-active client)" != active ]; do sleep 0.5; done')
    expect(await run('tail -n 1 /run/echoed')).toBe('10')
    await apply()
  })

  inOrder.each([
    ['a configuration with which it cannot be reloaded', config, 'no such directive;\n', 'unknown directive "no"'],
    ['a unit file with which it does not start', unitFile, '[Service]\nExecStart=/bin/false\n', 'status=1/FAILURE'],
  ])('goes on with its former files after %s', async (_, path, content, reason) => {
    const started = await mainPid()
    const whole = graphOf(address)
    const written = file({ path, mode: 0o644, content: path === config ? content : `${content}Restart=always\n` })
    const spoilt = [...whole.tasks].map(([id, task]) =>
      id.endsWith(`/file:${path}`) ? ([id, { ...task, resource: written }] as const) : ([id, task] as const),
    )
    const failed = await applyTo({ ...whole, tasks: new Map(spoilt) }, pool)
    expect(failed.get(proxyTask)).toMatchObject({
      problem: `evcctl-nginx-proxy.service does not run with what was changed, so it has its former files again: ${path}`,
      actual: expect.stringContaining(reason),
    })
    expect(await run('(echo hello; sleep 1) | socat - TCP:127.0.0.1:7443')).toBe('hello')
    if (path === config) expect(await mainPid()).toBe(started)
    expect(await plan()).toEqual(new Map())
  })

  inOrder('says why the proxy does not start, and leaves no half-done start behind', async () => {
    const busy =
      'systemctl stop evcctl-nginx-proxy; systemd-run --unit=thief socat TCP-LISTEN:7443,bind=127.0.0.1,fork EXEC:cat'
    await run(busy)
    const failed = await applyTo(graphOf(address), pool)
    // The other proxy is left alone.
    expect([...failed.keys()]).toEqual([proxyTask, 'w1/unit:evcctl-haproxy.service'])
    expect(failed.get(proxyTask)).toMatchObject({
      problem: 'evcctl-nginx-proxy.service does not run.',
      actual: expect.stringContaining('Address already in use'),
    })
    await run('systemctl stop thief')
    await apply()
  })

  inOrder('does not take a unit that dies and is restarted for a running one', async () => {
    const content = `[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=sh -c 'echo no such luck; sleep 0.3; exit 1'\nRestart=always\n`
    const builder = new GraphBuilder()
    const scope = builder.scope('w1', 'os')
    const path = '/etc/systemd/system/flapping.service'
    const written = scope.add(file({ path, content, mode: 0o644 }))
    scope.add(systemdUnit({ unit: 'flapping.service', state: 'running', enabled: false, watches: [path] }), {
      watch: [written],
    })
    const failed = await applyTo(builder.build(), pool)
    expect(failed.get('w1/unit:flapping.service')).toMatchObject({
      problem: 'flapping.service does not run.',
      actual: expect.stringMatching(/has ended 5 times since it was started\n.*no such luck/s),
    })
    const off = new GraphBuilder()
    off.scope('w1', 'os').add(systemdUnit({ unit: 'flapping.service', state: 'stopped', enabled: false }))
    expect(await applyTo(off.build(), pool)).toEqual(new Map())
    await run(`rm ${path}; systemctl daemon-reload`)
  })

  inOrder('loses its swap at boot, and nothing else of /etc/fstab', async () => {
    const lines = [
      '# swap of the installer',
      '/swap.img\tnone swap sw 0 0',
      'LABEL=d\\040x /data ext4 ro 0 2',
      '#/b none swap',
      ' /c none swap',
    ]
    await run(`printf '%s' '${lines.join('\n')}' >/etc/fstab; chmod 640 /etc/fstab; systemctl daemon-reload`)
    const builder = new GraphBuilder()
    builder.scope('w1', 'os').add(swapOff())
    const graph = builder.build()
    const fields = (await planOf(graph, pool)).get('w1/swap:off')?.fields
    expect(fields).toContainEqual({ field: '/etc/fstab', before: lines[1], after: `# ${lines[1]}` })
    expect(await applyTo(graph, pool)).toEqual(new Map())
    expect(await planOf(graph, pool)).toEqual(new Map())
    const fixed = lines.map((line, index) => (index === 1 || index === 4 ? `# ${line}` : line))
    expect((await hosts.exec('w1', 'cat /etc/fstab; stat -c %a /etc/fstab')).stdout).toBe(`${fixed.join('\n')}640\n`)
    expect(await run('systemctl show -p UnitFileState --value swap.target')).toBe('masked')
  })

  inOrder('is renamed, now and at boot', async () => {
    const builder = new GraphBuilder()
    builder.scope('w1', 'os').add(hostname({ name: 'renamed' }))
    const graph = builder.build()
    expect(await applyTo(graph, pool)).toEqual(new Map())
    expect(await run('uname -n; cat /etc/hostname')).toBe('renamed\nrenamed')
    await apply()
    expect(await run('uname -n; cat /etc/hostname')).toBe('w1\nw1')
  })

  inOrder('needs nothing after a reboot', async () => {
    await hosts.stop('w1')
    await hosts.start('w1')
    expect(await plan()).toEqual(new Map())
    expect(await run('systemctl is-active evcctl-nginx-proxy.service')).toBe('active')
  })
})

describe.concurrent.each(['trixie', 'bookworm'] as const)('a bare %s host', image => {
  const nginx = 'nginx'

  inOrder('gets its packages in one go, and their service is not started', async () => {
    await using hosts = await startHosts({ image, variant: 'bare', hosts: [{ name: 'w1', roles: ['worker'] }] })
    const pool = new DockerPool(hosts)
    const builder = new GraphBuilder()
    os.declare(builder.scope('w1', 'os'), osParameters(hosts.host('w1').address))
    const graph = builder.build()
    const packages = 'w1/packages:apt'

    // Nowhere to get them from.
    await hosts.exec('w1', 'rm -rf /etc/apt/sources.list* /var/lib/apt/lists/*')
    const failed = await applyTo(graph, pool)
    expect(failed.get(packages)?.problem).toMatch(/^The package \S+ is not in the repositories of the host\.$/)

    const names = ['conntrack', 'ethtool', 'iptables', 'libnginx-mod-stream', 'socat', nginx]
    await packageRepository(hosts, 'w1', { names, service: nginx })
    expect((await planOf(graph, pool)).get(packages)?.fields.map(({ field }) => field)).toEqual([...names].sort())
    expect(await applyTo(graph, pool)).toEqual(new Map())
    expect(await planOf(graph, pool)).toEqual(new Map())
    const state =
      'systemctl is-active nginx; systemctl is-enabled nginx; ls /var/lib/evcctl/keep-disabled; cat /run/started'
    expect((await hosts.exec('w1', state)).stdout).toBe('inactive\ndisabled\n')

    // A run that died after the installation: the note is still there.
    await hosts.exec('w1', 'mkdir -p /var/lib/evcctl/keep-disabled; touch /var/lib/evcctl/keep-disabled/nginx.service')
    await hosts.exec('w1', 'systemctl enable --now nginx; systemctl mask --runtime nginx')
    expect((await planOf(graph, pool)).get(packages)?.fields).toEqual([
      { field: 'nginx.service', before: 'as its package left it', after: 'disabled' },
    ])
    expect(await applyTo(graph, pool)).toEqual(new Map())
    expect((await hosts.exec('w1', 'systemctl is-active nginx; systemctl is-enabled nginx')).stdout).toBe(
      'inactive\ndisabled\n',
    )

    // What the user has made of it since stays.
    await hosts.exec('w1', 'systemctl enable --now nginx')
    expect(await planOf(graph, pool)).toEqual(new Map())

    // dpkg was killed before it could configure a package.
    await hosts.exec('w1', 'cd /srv/packages && dpkg --unpack --force-all socat.deb')
    expect((await planOf(graph, pool)).get(packages)?.fields).toEqual([
      { field: 'socat', before: 'half configured', after: 'installed' },
    ])
    expect(await applyTo(graph, pool)).toEqual(new Map())
  })
})

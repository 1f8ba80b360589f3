/**
 * Shows evcctl's main job on this machine, from nothing: container hosts, real artifacts, `evcctl apply`, `kubectl get
 * nodes`. It can run again at any time: it keeps hosts that are up, and apply does what is left to do.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../src/core/errors.ts'
import { clusterFileHosts, writeClusterFile } from '../src/local/cluster-file.ts'
import { listLocalHosts, removeLocalHosts } from '../src/local/clusters.ts'
import { startLocalHosts } from '../src/local/hosts.ts'
import { startMirror } from '../src/local/mirror.ts'
import { detectNeeds } from '../src/local/needs.ts'
import { parseNodes } from '../src/local/nodes.ts'
import { ensureMirror } from '../test/kit/mirror.ts'
import { canReachUpstream } from '../test/kit/upstream.ts'
import { mirrorOptions } from '../test/kubernetes/kit/cluster.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const name = 'quickstart'
const file = join(root, '.evcctl-local', 'cluster.yaml')
const kubeconfig = join(root, '.evcctl-local', 'kubeconfig')
const shown = relative(process.cwd(), file)
const stages: { readonly name: string; readonly seconds: number }[] = []

let buildsArtifacts = false

async function stage<T>(title: string, work: () => Promise<T>): Promise<T> {
  console.log(`\n── ${title}`)
  const started = performance.now()
  try {
    return await work()
  } finally {
    stages.push({ name: title, seconds: (performance.now() - started) / 1000 })
  }
}

/** Runs a command in the foreground, with its output as a user would see it. Rejects if the command fails. */
function run(command: string, ...args: readonly string[]): Promise<void> {
  return new Promise((done, fail) => {
    spawn(command, args, { cwd: root, stdio: 'inherit' })
      .on('error', fail)
      .on('exit', code =>
        code === 0 ? done() : fail(new UserError({ problem: `${args.join(' ')} ended with ${code}` })),
      )
  })
}

function evcctl(...args: readonly string[]): Promise<void> {
  console.log(`$ evcctl ${args.join(' ')}`)
  return run(process.execPath, join(root, 'bin', 'run.js'), ...args)
}

const say = (line: string): void => console.log(`  ${line}`)

/** Whether all hosts of an earlier quickstart still exist and run. */
async function hostsAreUp(): Promise<boolean> {
  const cluster = (await listLocalHosts()).find(found => found.name === name)
  return existsSync(file) && (cluster?.hosts.every(host => host.running) ?? false)
}

async function prepare(): Promise<void> {
  await removeLocalHosts(name)
  const hosts = await stage(
    'hosts: 1 control plane node and 2 workers, as containers with systemd and sshd',
    async () => {
      const internal = !(await canReachUpstream())
      const started = await startLocalHosts({ name, hosts: parseNodes('1+2'), internal, onProgress: say })
      await mkdir(dirname(file), { recursive: true })
      await writeClusterFile(file, { ...clusterFileHosts(started), needs: await detectNeeds(started) }, { force: true })
      return started
    },
  )
  // If upstream cannot be reached, building takes minutes. Meanwhile, ping and plan show evcctl at work.
  const building = ensureMirror({ write: say })
  buildsArtifacts = true
  building
    .catch(() => undefined)
    .finally(() => {
      buildsArtifacts = false
    })
  await stage('ping', () => evcctl('ping', shown))
  await stage('plan: what apply would do; nothing is written', () => evcctl('plan', shown))
  const mirror = await stage(
    'artifacts: real Kubernetes binaries and images, from a mirror on this machine',
    () => building,
  )
  const { url } = await startMirror({ folder: mirror.folder, name })
  const options = { ...clusterFileHosts(hosts), needs: await detectNeeds(hosts), ...mirrorOptions(mirror, url) }
  await writeClusterFile(file, options, { force: true })
}

async function main(): Promise<void> {
  if (await hostsAreUp()) console.log('The hosts of an earlier quickstart are up; apply continues from there.')
  else await prepare()
  await stage('apply', () => evcctl('apply', '--yes', shown))
  await stage('nodes', async () => {
    await evcctl('kubeconfig', shown, '--file', relative(process.cwd(), kubeconfig))
    await evcctl(
      'exec',
      shown,
      '--host',
      'cp1',
      '--sudo',
      '--',
      'kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes -o wide',
    )
  })
  const width = Math.max(...stages.map(({ name: title }) => title.length))
  console.log('\nHow long it took')
  for (const { name: title, seconds } of stages)
    console.log(`  ${title.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s`)
  console.log(`
Next
  npx node bin/run.js plan ${shown}      shows that nothing is left to do
  npx node bin/run.js status ${shown}    nodes, versions, health
  kubectl --kubeconfig ${relative(process.cwd(), kubeconfig)} get pods -A
  npx node bin/run.js local down --name ${name}            removes all of it`)
}

try {
  await main()
} catch (error) {
  console.error(error instanceof UserError ? error.message : error)
  process.exitCode = 1
  if (buildsArtifacts) console.error('Artifacts are still being built: ^C stops this, and the next run continues it.')
}

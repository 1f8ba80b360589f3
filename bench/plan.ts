/**
 * Compares `evcctl plan` on ten converged container hosts with one hand-written script for each host (`xargs -P ssh`), in
 * turn. It prints the times of both and their ratio, and asserts nothing. Usage: npm run bench:plan [-- --nodes 1+9 --runs
 * 7]
 */
import { execFile, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startCluster, type TestCluster } from '../test/kubernetes/kit/cluster.ts'
import { evcctl } from '../test/kubernetes/kit/evcctl.ts'

const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '1+9' }, runs: { type: 'string', default: '7' } },
})
const script = fileURLToPath(new URL('plan.sh', import.meta.url))

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

async function planOnce(cluster: TestCluster): Promise<void> {
  const { exitCode, stdout, stderr } = await evcctl(['plan', cluster.file, '--exit-code'], cluster.env)
  if (exitCode !== 0) throw new Error(`plan has changes or failed (${exitCode})\n${stdout}${stderr}`)
}

/** Runs the script on all hosts at once, as `plan` does. ssh passes the script on standard input. */
function scriptOnce({ hosts }: TestCluster): Promise<void> {
  const options = [
    ['UserKnownHostsFile', hosts.knownHostsFile],
    ['StrictHostKeyChecking', 'yes'],
    ['IdentitiesOnly', 'yes'],
    ['BatchMode', 'yes'],
  ].flatMap(([key, value]) => ['-o', `${key}=${value}`])
  const ssh = ['ssh', '-F', 'none', ...options, '-i', hosts.identityFile, '-l', hosts.user].join(' ')
  const command = `${ssh} {} sudo -n /bin/sh -s <${script} >/dev/null 2>&1`
  return new Promise((done, fail) => {
    const xargs = spawn('xargs', ['-P', String(hosts.hosts.length), '-I{}', 'sh', '-c', command], {
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    xargs.on('error', fail).on('exit', code => {
      // The script itself always succeeds. xargs exits with 123 if a host cannot be reached or does not grant root.
      if (code === 0) done()
      else fail(new Error(`xargs exited with ${code}`))
    })
    xargs.stdin.end(hosts.hosts.map(host => `${host.address}\n`).join(''))
  })
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

function idle(): Promise<void> {
  return new Promise(done => execFile('sleep', ['1'], () => done()))
}

await using cluster = await startCluster({ hosts: values.nodes })
const applied = await evcctl(['apply', cluster.file, '--yes'], cluster.env)
if (applied.exitCode !== 0) throw new Error(`apply failed\n${applied.stdout}${applied.stderr}`)
await planOnce(cluster)
await scriptOnce(cluster)
const plans: number[] = []
const scripts: number[] = []
for (let run = 0; run < Number(values.runs); run++) {
  plans.push(await timed(() => planOnce(cluster)))
  await idle()
  scripts.push(await timed(() => scriptOnce(cluster)))
  await idle()
}
const ratios = plans.map((plan, index) => plan / scripts[index]!)
const show = (list: readonly number[]): string =>
  `${Math.min(...list).toFixed(2)} / ${median(list).toFixed(2)} / ${Math.max(...list).toFixed(2)}`
console.log(`${cluster.hosts.hosts.length} hosts, ${plans.length} runs, min / median / max`)
console.log(`  evcctl plan                  ${show(plans.map(ms => ms / 1000))} s`)
console.log(`  one script a host over ssh   ${show(scripts.map(ms => ms / 1000))} s`)
console.log(`  ratio, pair by pair          ${show(ratios)}`)

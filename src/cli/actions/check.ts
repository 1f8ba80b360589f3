import { chmod, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Operation } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { type ExitCode, exitCodes, UserError } from '../../core/index.ts'
import { createPaint, wantsColour } from '../../report/index.ts'
import { writeBeside } from '../../ssh/private-file.ts'
import { type CheckResult, checkResult } from '../check/check-result.ts'
import { checkText } from '../check/check-text.ts'
import { prometheusText } from '../check/prometheus.ts'
import { type ClusterRun, withClusterRun } from '../run/cluster-run.ts'
import { evaluateCluster, exitCodeOf } from '../run/evaluate-cluster.ts'
import { printJson, printLine } from '../terminal/streams.ts'
import { version } from '../version.ts'

export interface CheckActionOptions {
  readonly file: string
  readonly operation: Operation
  readonly output: 'text' | 'json' | 'prometheus'
  readonly diff: boolean
  readonly parallel: number
  /** Where the metrics are written as well, as a whole; undefined: nowhere. */
  readonly metrics?: string | undefined
}

/**
 * `evcctl check`: compares every host with what is wanted, and tells drift from what the file asks for. Writes nothing to the hosts, and
 * needs no lock.
 */
export async function check(options: CheckActionOptions): Promise<ExitCode> {
  const { metrics } = options
  if (metrics !== undefined) await checkPlace(metrics)
  const began = Date.now()
  let spec: ClusterSpec | undefined
  let result: CheckResult | undefined
  try {
    const output = options.output === 'json' ? 'json' : 'text'
    return await withClusterRun({ ...options, output, command: 'check', version: version() }, async cluster => {
      spec = cluster.spec
      const evaluated = await evaluateCluster(cluster)
      result = checkResult(evaluated)
      const { changes } = result
      if (options.output !== 'prometheus') await show(cluster, result, options)
      const exitCode = exitCodeOf(evaluated.evaluation)
      if (exitCode !== exitCodes.ok) return exitCode
      return Object.values(changes).some(list => list.length > 0) ? exitCodes.changes : exitCodes.ok
    })
  } finally {
    // A check that fails has metrics, too. If not even the file can be read, the time of the last check gets old.
    if (spec !== undefined) await tellMetrics(spec, result, began, options)
  }
}

async function tellMetrics(
  { name, hosts }: ClusterSpec,
  result: CheckResult | undefined,
  began: number,
  { output, metrics }: CheckActionOptions,
): Promise<void> {
  const at = Date.now()
  const text = prometheusText({ cluster: name, hosts: hosts.map(host => host.name), result, at, ms: at - began })
  if (output === 'prometheus') printLine(text.trimEnd())
  if (metrics !== undefined) await writeMetrics(metrics, text)
}

async function show(
  cluster: ClusterRun,
  result: CheckResult,
  { output, diff, file }: CheckActionOptions,
): Promise<void> {
  const { spec, view } = cluster
  await cluster.aside(() => {
    if (output === 'json') return printJson(checkDocument(result, spec, file))
    const { isTTY, columns } = process.stdout
    const paint = createPaint(wantsColour(process.stdout, process.env))
    const width = isTTY && columns > 0 ? { width: columns } : {}
    printLine(checkText(result, spec, { paint, diff, notes: view.notes, ...width }))
  })
}

/** The `check` line of `evcctl check --output json`; documented in docs/commands.md. */
function checkDocument({ changes, view, hosts, lockedBy }: CheckResult, spec: ClusterSpec, file: string): object {
  const { drift, asked, unrecorded } = changes
  return {
    type: 'check',
    at: Date.now(),
    cluster: spec.name,
    file,
    drift,
    asked,
    unrecorded,
    hosts: spec.hosts.map(({ name }) => {
      const record = hosts.get(name)
      const applied =
        record === undefined ? {} : { appliedAt: record.at, appliedBy: record.run, version: record.version }
      return { host: name, read: hosts.has(name), ...applied }
    }),
    unreachable: view.unreachable,
    errors: view.errors,
    ...(lockedBy === undefined ? {} : { lockedBy }),
  }
}

async function checkPlace(path: string): Promise<void> {
  const folder = await stat(dirname(path)).catch(() => undefined)
  const found = await stat(path).catch(() => undefined)
  if (folder?.isDirectory() && (found === undefined || found.isFile())) return
  throw new UserError(
    {
      where: path,
      problem:
        found === undefined ? 'The folder for the metrics is not there.' : 'The metrics cannot be written there.',
      expected: 'a file, or no file yet, in a folder that exists',
      next:
        found === undefined
          ? `mkdir -p ${dirname(path)}`
          : `Name another file: --file ${path}.prom, or see: ls -ld ${path}`,
    },
    { exitCode: exitCodes.badInput },
  )
}

// node_exporter runs as a user of its own, and reads a file only as a whole.
async function writeMetrics(path: string, text: string): Promise<void> {
  await writeBeside(path, text, async temporary => {
    await chmod(temporary, 0o644)
    await rename(temporary, path)
  })
}

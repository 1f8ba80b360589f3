import { distributionOf } from '../../../distributions/index.ts'
import { type ExitCode, exitCodes } from '../../core/index.ts'
import { createPaint, wantsColour } from '../../report/index.ts'
import { listenForInterrupts } from '../run/interrupts.ts'
import { openCluster } from '../run/open-cluster.ts'
import { askStatus } from '../status/ask-status.ts'
import { clusterHealth } from '../status/cluster-health.ts'
import { isHealthy, readStatus } from '../status/cluster-status.ts'
import { statusText } from '../status/status-text.ts'
import { printJson, printLine } from '../terminal/streams.ts'

/** `evcctl status`: asks the cluster and each of its hosts about their health. Exit code 1 if something is not healthy. */
export async function status(options: { readonly file: string; readonly output: 'text' | 'json' }): Promise<ExitCode> {
  const { spec, targets } = await openCluster(options.file)
  using interrupts = listenForInterrupts(() => {})
  // Nothing is written, so the first ^C may end the command at once.
  const { results, asked, silent, hosts } = await askStatus(spec, targets, interrupts.stop)
  const found = readStatus(spec, results)
  const joined = new Set(found.nodes.filter(node => node.state !== 'not joined').map(node => node.name))
  const health = clusterHealth(spec, hosts, Date.now(), joined)
  const healthy = isHealthy(found, health)
  if (options.output === 'json') {
    const notAsked = [...silent].map(([name, { problem }]) => ({ host: name, problem }))
    const { problems, notes, ...rest } = health
    printJson({
      type: 'status',
      cluster: spec.name,
      healthy,
      asked,
      silent: notAsked,
      ...found,
      ...rest,
      problems,
      notes,
    })
  } else {
    const paint = createPaint(wantsColour(process.stdout, process.env))
    printLine(
      statusText(found, {
        name: spec.name,
        file: options.file,
        reset: distributionOf(spec).byHand.reset,
        paint,
        health,
        asked,
        silent,
      }),
    )
  }
  return healthy ? exitCodes.ok : exitCodes.failed
}

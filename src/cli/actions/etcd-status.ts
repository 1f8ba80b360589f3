import { type ExitCode, exitCodes } from '../../core/index.ts'
import { createPaint, wantsColour } from '../../report/index.ts'
import { askEtcd } from '../etcd/ask-etcd.ts'
import { etcdReport } from '../etcd/etcd-report.ts'
import { etcdReportText } from '../etcd/etcd-text.ts'
import { listenForInterrupts } from '../run/interrupts.ts'
import { openCluster } from '../run/open-cluster.ts'
import { printJson, printLine } from '../terminal/streams.ts'

/** `evcctl etcd status`: asks every member about itself. Exit code 1 if something is not healthy. */
export async function etcdStatus(options: {
  readonly file: string
  readonly output: 'text' | 'json'
}): Promise<ExitCode> {
  const { spec, targets } = await openCluster(options.file)
  using interrupts = listenForInterrupts(() => {})
  // Nothing is written, so the first ^C may end the command at once.
  const report = etcdReport(spec, await askEtcd(spec, targets, interrupts.stop))
  const healthy = report.problems.length === 0 && report.total > 0
  if (options.output === 'json') printJson({ type: 'etcd:status', cluster: spec.name, ...report, ok: healthy })
  else {
    const paint = createPaint(wantsColour(process.stdout, process.env))
    printLine(etcdReportText(report, { name: spec.name, file: options.file, paint }))
  }
  return healthy ? exitCodes.ok : exitCodes.failed
}

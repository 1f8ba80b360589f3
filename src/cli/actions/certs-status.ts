import { type ExitCode, exitCodes } from '../../core/index.ts'
import { createPaint, wantsColour } from '../../report/index.ts'
import { askCertificates } from '../certificates/ask-certificates.ts'
import { certificateReport } from '../certificates/certificate-report.ts'
import { certificateText } from '../certificates/certificate-text.ts'
import { listenForInterrupts } from '../run/interrupts.ts'
import { openCluster } from '../run/open-cluster.ts'
import { printJson, printLine } from '../terminal/streams.ts'

/**
 * `evcctl certs status`: shows the certificates of all hosts. Exit code 1 if one has expired, 4 if a host could not be asked.
 */
export async function certsStatus(options: {
  readonly file: string
  readonly output: 'text' | 'json'
}): Promise<ExitCode> {
  const { spec, targets } = await openCluster(options.file)
  using interrupts = listenForInterrupts(() => {})
  // Nothing is written, so the first ^C may end the command at once.
  const answers = await askCertificates(spec, targets, interrupts.stop)
  const report = certificateReport(spec, answers, Date.now())
  const expired = report.certificates.some(({ state }) => state === 'expired')
  if (options.output === 'json') printJson({ type: 'certs:status', cluster: spec.name, ok: !expired, ...report })
  else
    printLine(
      certificateText(report, { name: spec.name, paint: createPaint(wantsColour(process.stdout, process.env)) }),
    )
  if (expired) return exitCodes.failed
  return report.unreachable.length > 0 ? exitCodes.unreachable : exitCodes.ok
}

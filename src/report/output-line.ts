import { printableLine } from './printable.ts'

// Go's slog and logrus: containerd, runc, ctr.
const logfmt = /^(?:time="?[^\s"]*"? )?level="?(\w+)"? msg=("(?:[^"\\]|\\.)*"|\S+)/
// klog: kubeadm, kubelet, kubectl. Severity and date, time, thread, file:line].
const klog = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w.-]+:\d+\] (.*)$/
const klogSeverity: Readonly<Record<string, string>> = { W: 'warning', E: 'error', F: 'fatal' }
// zap: etcd.
const json = /^\{.*?"level":"(\w+)".*?"msg":("(?:[^"\\]|\\.)*")/
// The output of a probe while a step waits for it to succeed.
const answer = /^(?:state|api|said)=(.+)$/

/**
 * Shortens a line of program output for a live row. Of a line in the format of a log library, it keeps the message, and
 * the severity when that is worse than information.
 */
export function outputLine(text: string): string {
  const line = printableLine(text)
  const [, level = '', message] = logfmt.exec(line) ?? json.exec(line) ?? []
  if (message !== undefined) return withSeverity(level, unquoted(message))
  const [, severity = '', said] = klog.exec(line) ?? []
  if (said !== undefined) return withSeverity(klogSeverity[severity] ?? 'info', said)
  return answer.exec(line)?.[1] ?? line
}

function withSeverity(level: string, message: string): string {
  return /^(info|debug|trace)$/i.test(level) ? message : `${level.toLowerCase()}: ${message}`
}

// Go quotes like JSON, except for a few escapes that log libraries do not write.
function unquoted(message: string): string {
  if (!message.startsWith('"')) return message
  try {
    return printableLine(String(JSON.parse(message)))
  } catch {
    return message.slice(1, -1)
  }
}

import { printableLine } from './printable.ts'

// Go's slog and logrus: containerd, runc, ctr.
const logfmt = /^(?:time="?[^\s"]*"? )?level="?(\w+)"? msg=("(?:[^"\\]|\\.)*"|\S+)/
// klog: kubeadm, kubelet, kubectl. Severity and date, time, thread, file:line].
const klog = /^([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [\w.-]+:\d+\] (.*)$/
const klogSeverity: Readonly<Record<string, string>> = { W: 'warning', E: 'error', F: 'fatal' }
// zap: etcd.
const json = /^\{.*?"level":"(\w+)".*?"msg":("(?:[^"\\]|\\.)*")/
// A probe's own answer, while a step waits for it.
const answer = /^(?:state|api|said)=(.+)$/

/**
 * A line of a program's output as a live row shows it, on one line: of what log libraries write, the message, and the
 * severity where it is worse than information.
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

// Quoted as in Go, which is as in JSON but for a few escapes that log libraries do not write.
function unquoted(message: string): string {
  if (!message.startsWith('"')) return message
  try {
    return printableLine(String(JSON.parse(message)))
  } catch {
    return message.slice(1, -1)
  }
}

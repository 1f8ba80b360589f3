import type { ProbeResult } from '../../src/core/index.ts'

/** What an askScript prints when the API server answers. */
export function answered(text: string): ProbeResult {
  return { exitCode: 0, stdout: `api=answered\n${text}\n`, stderr: '' }
}

export const absent: ProbeResult = { exitCode: 0, stdout: 'api=absent\n', stderr: '' }

export const unreachable: ProbeResult = {
  exitCode: 0,
  stdout: 'api=unreachable\n',
  stderr: `E1121 12:23:15.881159 memcache.go:265] "Unhandled Error"
The connection to the server 127.0.0.1:7443 was refused - did you specify the right host or port?
`,
}

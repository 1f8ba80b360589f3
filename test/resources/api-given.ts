import type { ProbeResult } from '../../src/core/index.ts'

/** What an API survey prints when the API server answers: path → object, undefined for one that is not there. */
export function answered(objects: Readonly<Record<string, object | undefined>>): ProbeResult {
  const bodies = Object.entries(objects).map(([path, object]) => {
    const body = object ?? { kind: 'Status', message: 'not found', code: 404 }
    return `${JSON.stringify(body)}\n\n${object === undefined ? 404 : 200} https://127.0.0.1:7443${path}\n`
  })
  return { exitCode: 0, stdout: `api=asked\n${bodies.join('')}`, stderr: '' }
}

/** The list of nodes. */
export function nodesAnswered(...items: readonly object[]): ProbeResult {
  return answered({ '/api/v1/nodes': { kind: 'NodeList', items } })
}

export const absent: ProbeResult = { exitCode: 0, stdout: 'api=absent\n', stderr: '' }

export const unreachable: ProbeResult = {
  exitCode: 0,
  stdout: 'api=asked\n\n000 https://127.0.0.1:7443/api/v1/nodes\n',
  stderr: 'curl: (7) Failed to connect to 127.0.0.1 port 7443 after 0 ms: Connection refused\n',
}

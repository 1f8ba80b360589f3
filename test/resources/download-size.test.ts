import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cachePath, downloadCodes, downloadScript, mostBytes } from '../../src/resources/artifacts/download.ts'
import { explainDownload } from '../../src/resources/artifacts/download-failure.ts'
import { Sandbox, serve } from './sandbox.ts'

const sha256 = 'a'.repeat(64)
const most = 100_000

/** Sends without end, in chunks or with a length that is too large. */
function endless(length?: number) {
  return serve((_request, response) => {
    if (length !== undefined) response.setHeader('content-length', length)
    const more = (): void => {
      while (response.writable && response.write('x'.repeat(10_000)));
      response.once('drain', more)
    }
    more()
  })
}

describe('a download', () => {
  it.each([
    ['without end', undefined],
    ['that is announced as too large', 10_000_000],
  ])('%s is given up, and nothing of it is kept', async (_, length) => {
    await using server = await endless(length)
    const sandbox = new Sandbox()
    const url = `${server.url}/file`
    const { exitCode, stderr } = await sandbox.sh(`set -eu\n${downloadScript({ url, sha256, site: 'x' }, most)}`, '')
    expect([exitCode, stderr]).toEqual([downloadCodes.tooLarge, expect.stringContaining('more than 100000 bytes')])
    expect(existsSync(sandbox.inside(cachePath(sha256)))).toBe(false)
    const details = explainDownload({ step: 0, exitCode, stdout: '', stderr }, { url, sha256, site: 'x' })
    expect(details).toMatchObject({
      problem: expect.stringContaining('x sends more data than expected'),
      expected: 'at most 100 kB',
    })
  })

  it('from a mirror that breaks off and knows no ranges is given up after some attempts', async () => {
    let requests = 0
    await using server = await serve((_request, response) => {
      requests++
      response.setHeader('content-length', 50_000)
      response.write('x'.repeat(1000 + requests), () => setTimeout(() => response.destroy(), 50))
    })
    const sandbox = new Sandbox()
    const script = downloadScript({ url: `${server.url}/file`, sha256, site: 'x' }, most)
    const { exitCode } = await sandbox.sh(`set -eu\nsleep() { command sleep 0.1; }\n${script}`, '')
    expect(exitCode).toBe(downloadCodes.failed)
    expect(requests).toBeLessThan(12)
  }, 30_000)

  it.each(['a[1-3].tar', '{a,b}.tar'])('is of the file %s, which curl would take for several', async name => {
    const asked: (string | undefined)[] = []
    await using server = await serve((request, response) => {
      asked.push(request.url)
      response.end('the file')
    })
    const sandbox = new Sandbox()
    const download = {
      url: `${server.url}/${name}`,
      sha256: createHash('sha256').update('the file').digest('hex'),
      site: 'x',
    }
    const { exitCode } = await sandbox.sh(`set -eu\n${downloadScript(download, most)}`, '')
    expect([exitCode, asked]).toEqual([0, [`/${name}`]])
  })

  it('is the same whatever root has in .curlrc', async () => {
    await using server = await serve((_request, response) => response.end('the file'))
    const sandbox = new Sandbox()
    writeFileSync(join(sandbox.root, '.curlrc'), 'include\n')
    const download = {
      url: `${server.url}/file`,
      sha256: createHash('sha256').update('the file').digest('hex'),
      site: 'x',
    }
    const script = `HOME=${sandbox.root}; export HOME\n${downloadScript(download, most)}`
    expect(await sandbox.sh(`set -eu\n${script}`)).toMatchObject({ exitCode: 0 })
  })

  it('may be larger than what is known of it, as a build of somebody’s own is', () => {
    expect(mostBytes(undefined)).toBe(8 * 1024 ** 3)
    expect(mostBytes(1000)).toBe(256 * 1024 ** 2)
    expect(mostBytes(500_000_000)).toBe(2_000_000_000)
  })
})

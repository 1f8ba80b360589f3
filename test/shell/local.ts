import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { ExchangeReply, ExchangeRequest } from '../../src/core/host.ts'
import type { Probe } from '../../src/core/resource.ts'
import { Decoder, type DecoderHooks } from '../../src/shell/decode.ts'
import { compileExchange } from '../../src/shell/script.ts'

/** The shells of this machine that a host may have as /bin/sh, each once. */
export const shells: readonly (readonly string[])[] = [
  ['/bin/dash'],
  ['/bin/bash', '--posix'],
  ['/bin/busybox', 'sh'],
].filter(([command = '']) => existsSync(command))

/** A probe that returns what its script prints. */
export function probe<T = string>(script: string): Probe<T> {
  return { script, parse: raw => raw.stdout as T }
}

/** Runs a request without pushed files in a local shell, in a session of its own as sshd would. */
export async function runLocally(
  request: ExchangeRequest,
  shell: readonly string[] = ['/bin/sh'],
  hooks: DecoderHooks = {},
  /** Changes the text of the script, e.g. the folders that it writes to. */
  rewrite: (text: string) => string = text => text,
): Promise<ExchangeReply> {
  const script = compileExchange(request, randomBytes(16).toString('hex'))
  const decoder = new Decoder(script, request.jobs.length, hooks)
  const part = script.parts[0]
  if (script.parts.length !== 1 || part?.kind !== 'shell') throw new Error('files can only be pushed over SSH')
  const [command = '', ...args] = shell
  const child = spawn(command, [...args, '-s'], { detached: true })
  const failed = new Promise<never>((_resolve, reject) => {
    const feed = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
      try {
        decoder.feed(stream, chunk)
      } catch (error) {
        // It kills the whole group, because a watch would go on until its time is over.
        process.kill(-child.pid!, 'SIGKILL')
        reject(error)
      }
    }
    child.stdout.on('data', feed('stdout'))
    child.stderr.on('data', feed('stderr'))
  })
  const closed = new Promise<void>(resolve => child.on('close', () => resolve()))
  child.stdin.end(rewrite(part.text(new Set()) ?? ''))
  await Promise.race([closed, failed])
  return decoder.reply()
}

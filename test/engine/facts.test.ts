import { expect, test } from 'vitest'
import { HostError } from '../../src/core/errors.ts'
import type { FactModule } from '../../src/core/facts.ts'
import type { ExchangeRequest, Session, SshPool } from '../../src/core/host.ts'
import { limits } from '../../src/core/limits.ts'
import { gatherFacts } from '../../src/engine/facts.ts'
import { hostFacts } from '../../src/facts/index.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'
import { Decoder } from '../../src/shell/decode.ts'
import { compileExchange } from '../../src/shell/script.ts'
import { fakeRun } from './fake.ts'
import { LocalPool } from './local-pool.ts'

// Each host is named after what happens to it.
class MixedPool extends LocalPool {
  override async session(host: string): Promise<Session> {
    if (host === 'closed') throw new HostError(host, 'login', { where: host, problem: 'no key fits' })
    if (host === 'odd') {
      return {
        host,
        exchange: async () => ({ jobs: [], results: [{ exitCode: 2, stdout: '', stderr: 'no sh here' }] }),
      }
    }
    if (host === 'endless') {
      // It prints a little more than its probe may, to the code that decodes the answers of hosts.
      const exchange = async (request: ExchangeRequest) => {
        const decoder = new Decoder(compileExchange(request, 'cafe0123'), 0)
        const text = 'lock.a\n'.repeat((request.probes[0]?.maxBytes ?? 0) / 7 + 1)
        for (const stream of ['stdout', 'stderr'] as const)
          decoder.feed(stream, Buffer.from(`\ncafe0123 begin 7 99 5\n${text}\ncafe0123 probe 0 0\n\ncafe0123 end\n`))
        return decoder.reply()
      }
      return { host, exchange }
    }
    if (host === 'crowded') {
      const servers = Array.from(
        { length: 1_000 },
        (_, index) => `n 10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      )
      const stdout = `@@ nameservers\n${servers.join('\n')}\n@@ end\n`
      return { host, exchange: async () => ({ jobs: [], results: [{ exitCode: 0, stdout, stderr: '' }] }) }
    }
    return super.session(host)
  }
}

const gather = (hosts: readonly string[], pool: SshPool = new MixedPool()) => {
  const run = fakeRun(pool)
  return gatherFacts(hosts, run, { modules: hostFacts(kubeadmFacts) }).then(gathered => ({ ...gathered, run }))
}

test('hosts that fail are returned, with the others’ facts in the order asked for', async () => {
  const { facts, failed, locks, run } = await gather(['b', 'closed', 'a', 'odd'])
  expect([...facts.keys()]).toEqual(['b', 'a'])
  expect([...failed].map(([host, error]) => [host, error.kind])).toEqual([
    ['closed', 'login'],
    ['odd', 'protocol'],
  ])
  expect(failed.get('odd')!.details.actual).toContain('no sh here')
  expect([...locks.keys()]).toEqual(['b', 'a'])
  expect(
    run
      .of('host:failed')
      .map(event => event.host)
      .sort(),
  ).toEqual(['closed', 'odd'])
})

test('the facts of a host cost one exchange', async () => {
  const pool = new LocalPool()
  await gather(['a'], pool)
  expect(pool.exchanges().get('local')).toBe(1)
})

test('a host is asked what is asked of it alone, and has the time that takes', async () => {
  const asked: (readonly [string, boolean, number | undefined])[] = []
  const pool = new (class extends LocalPool {
    override async session(host: string): Promise<Session> {
      const exchange = async ({ probes: [probe] }: ExchangeRequest) => {
        asked.push([host, probe?.script.includes('at slow;') === true, probe?.timeoutMs])
        return { jobs: [], results: [{ exitCode: 0, stdout: '@@ slow\nyes\n@@ end\n', stderr: '' }] }
      }
      return { host, exchange }
    }
  })()
  const slow: FactModule<{ readonly slow: string }> = {
    script: 'at slow; echo yes\n',
    timeoutMs: 5_000,
    parse: sections => ({ slow: sections('slow').join() }),
  }
  const wanted = { modules: hostFacts(kubeadmFacts), askedOf: (host: string) => (host === 'b' ? [slow] : []) }
  const { facts } = await gatherFacts(['a', 'b'], fakeRun(pool), wanted)
  expect(asked).toEqual([
    ['a', false, limits.factsMs],
    ['b', true, limits.factsMs + 5_000],
  ])
  expect([facts.get('a')?.slow, facts.get('b')?.slow]).toEqual([undefined, 'yes'])
})

test('a run that stops begins with no host', async () => {
  const pool = new LocalPool()
  const { facts, failed } = await gatherFacts(['a', 'b'], fakeRun(pool, { stop: AbortSignal.abort() }), {
    modules: hostFacts(kubeadmFacts),
  })
  expect(facts.size).toBe(0)
  expect([...failed.values()].map(error => error.kind)).toEqual(['cancelled', 'cancelled'])
  expect(pool.exchanges().get('local')).toBe(0)
})

test('a host that reports more than a host can have fails alone', async () => {
  const { facts, failed } = await gather(['crowded', 'a'])
  expect([...facts.keys()]).toEqual(['a'])
  expect(failed.get('crowded')?.message).toContain('it reports 1000 name servers, but at most 100 can be right')
})

test('a host that prints more than facts can be fails alone, and it is said how much that is', async () => {
  const { facts, failed } = await gather(['endless', 'a'])
  expect([...facts.keys()]).toEqual(['a'])
  expect(failed.get('endless')).toMatchObject({
    kind: 'protocol',
    details: { where: 'endless', expected: 'at most 4 MiB' },
  })
})

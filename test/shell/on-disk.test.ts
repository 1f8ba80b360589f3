import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ExchangeRequest, Fence } from '../../src/core/host.ts'
import { clearMark, setMark, syncTreeLine } from '../../src/shell/on-disk.ts'
import { probe, runLocally, shells } from './local.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evcctl-disk-'))
  mkdirSync(`${folder}/bin`)
  mkdirSync(`${folder}/etc`)
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A sync that records its argument, and what the file has under its final name at that time. */
function fakeSync(body = '') {
  const script = `#!/bin/sh
[ "$1" != -- ] || shift
echo "$(basename "\${1:-everything}") $(cat ${folder}/etc/a 2>/dev/null || echo none)" >>${folder}/calls
${body}
`
  writeFileSync(`${folder}/bin/sync`, script)
  chmodSync(`${folder}/bin/sync`, 0o755)
}
const calls = () => (existsSync(`${folder}/calls`) ? readFileSync(`${folder}/calls`, 'utf8').trim().split('\n') : [])
const elsewhere = (text: string) =>
  text.replaceAll('/run/evcctl', `${folder}/run`).replace('PATH=/usr/local/sbin', `PATH=${folder}/bin:/usr/local/sbin`)

const fence: Fence = { generation: 1, run: 'run', folder: '' }
const write = (content: string, more: Partial<ExchangeRequest> = {}): ExchangeRequest => ({
  jobs: [
    {
      steps: [{ write: `${folder}/etc/a`, content, mode: 0o600 }],
      verify: probe(`echo "verify $(cat ${folder}/etc/a)" >>${folder}/calls`),
    },
  ],
  probes: [],
  ...more,
})

describe.each(shells)('on a host whose shell is %s', (...shell) => {
  const send = (request: ExchangeRequest) => runLocally(request, shell, {}, elsewhere)

  it('content is on the disk before it gets its name, and the name before it counts as done', async () => {
    fakeSync()
    await send(write('old'))
    await send(write('new'))
    expect(calls()).toEqual(['.a.evcctl none', 'etc old', 'verify old', '.a.evcctl old', 'etc new', 'verify new'])
  })

  it('all is written where sync takes no names', async () => {
    fakeSync('[ $# = 0 ] || exit 1')
    await send(write('old'))
    expect(calls()).toEqual(['.a.evcctl none', 'everything none', 'etc old', 'everything old', 'verify old'])
  })

  it('nothing waits for the disk where nothing was written', async () => {
    fakeSync()
    await send({ jobs: [], probes: [probe('echo there')] })
    await send({ jobs: [{ steps: [{ run: 'true' }], verify: probe('true') }], probes: [] })
    expect(calls()).toEqual([])
  })

  it('a run that holds the lock waits as well', async () => {
    fakeSync()
    await send(write('old', { fence: { ...fence, folder: `${folder}/lib` } }))
    expect(calls().slice(-3)).toEqual(['.a.evcctl none', 'etc old', 'verify old'])
  })
})

it('what other programs wrote is waited for, file by file', async () => {
  fakeSync(`shift; for more; do basename "$more" >>${folder}/calls; done`)
  mkdirSync(`${folder}/etc/pki`)
  for (const name of ['admin.conf', 'pki/ca.key']) writeFileSync(`${folder}/etc/${name}`, '')
  await runLocally(
    { jobs: [{ steps: [{ run: `${syncTreeLine(`${folder}/etc`)}\n` }], verify: probe('true') }], probes: [] },
    ['/bin/sh'],
    {},
    elsewhere,
  )
  expect(
    calls()
      .map(line => line.split(' ')[0])
      .sort(),
  ).toEqual(['admin.conf', 'ca.key', 'etc', 'pki'])
})

it('a mark and its name are on the disk before what it guards, and its removal before anything else', async () => {
  fakeSync(`shift; for more; do basename "$more" >>${folder}/calls; done`)
  const mark = `${folder}/etc/a`
  const is = (what: string) =>
    `if [ -e ${mark} ]; then echo "${what}, marked"; else echo ${what}; fi >>${folder}/calls\n`
  const run = `${setMark(mark)}${is('guarded')}${clearMark(mark)}${is('done')}`
  await runLocally({ jobs: [{ steps: [{ run }], verify: probe('true') }], probes: [] }, ['/bin/sh'], {}, elsewhere)
  expect(calls().map(line => line.trim())).toEqual(['a', 'etc', 'guarded, marked', 'etc none', 'done'])
})

// mv without -T moves a file into a folder that has its name, and succeeds.
it.each(['resources', 'shell', 'etcd'])(
  'no script of src/%s gives a file its name in a way that could put it into a folder',
  name => {
    const root = new URL(`../../src/${name}/`, import.meta.url)
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
    const lines = files.flatMap(file => readFileSync(new URL(file, root), 'utf8').split('\n'))
    // A target that ends with a slash is meant to be a folder.
    const loose = lines.filter(
      line => /\bmv -f /.test(line) && !/\/["'`;]*( fi)?$/.test(line.trim().replace(/; fi$/, '')),
    )
    expect(loose).toEqual([])
  },
)

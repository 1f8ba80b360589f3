import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Job, JobReply } from '../../src/core/host.ts'
import { limits } from '../../src/core/limits.ts'
import { probeTooLong, type Step } from '../../src/core/resource.ts'
import { Secret } from '../../src/core/secret.ts'
import { surveyProbe } from '../../src/core/survey.ts'
import { probe, runLocally, shells } from './local.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evcctl shell '))
})

afterEach(() => rm(folder, { recursive: true }))

function job(...steps: Step[]): Job {
  return { steps, verify: probe('echo verified') }
}

async function runJobs(shell: readonly string[], ...jobs: Job[]): Promise<readonly JobReply[]> {
  return (await runLocally({ jobs, probes: [] }, shell)).jobs
}

async function runProbe(shell: readonly string[], script: string): Promise<unknown> {
  return (await runLocally({ jobs: [], probes: [probe(script)] }, shell)).results[0]
}

// Whether a process (or with a negative number a process group) is there; zombies that init has not reaped yet may be.
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function expectGone(pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(alive)).toEqual([]), { timeout: 5000 })
}

describe.each(shells.map(shell => ({ shell })))('in $shell', ({ shell }) => {
  it('asks a survey once for all, and answers each probe as if it were alone', async () => {
    const runs = join(folder, 'runs')
    const survey = {
      name: 'greetings',
      script: (subjects: readonly string[]) =>
        `echo run >>'${runs}'\nfor one in ${subjects.join(' ')}; do echo "to=$one"; done\n`,
    }
    const asking = (subjects: readonly string[], rest = '') =>
      surveyProbe({ asks: [{ survey, subjects }], rest, parse: raw => raw.stdout })
    const probes = [asking(['a', 'b']), probe('echo plain'), asking(['b', 'c'], 'echo rest; exit 3')]
    const { results } = await runLocally({ jobs: [], probes }, shell)
    expect(results).toEqual([
      { exitCode: 0, stdout: 'to=a\nto=b\nto=c\n', stderr: '' },
      { exitCode: 0, stdout: 'plain\n', stderr: '' },
      { exitCode: 3, stdout: 'to=a\nto=b\nto=c\nrest\n', stderr: '' },
    ])
    expect(await readFile(runs, 'utf8')).toBe('run\n')
    const alone = await runLocally({ jobs: [{ steps: [], verify: probes[2]! }], probes: [] }, shell)
    expect(alone.jobs[0]?.verify).toEqual({ exitCode: 3, stdout: 'to=b\nto=c\nrest\n', stderr: '' })
  })

  it('gives what probes print and how they exit', async () => {
    const { results } = await runLocally(
      {
        jobs: [],
        probes: [probe('printf "no newline"; printf "on stderr" >&2; exit 3'), probe('echo; echo'), probe('true')],
      },
      shell,
    )
    expect(results).toEqual([
      { exitCode: 3, stdout: 'no newline', stderr: 'on stderr' },
      { exitCode: 0, stdout: '\n\n', stderr: '' },
      { exitCode: 0, stdout: '', stderr: '' },
    ])
  })

  it('keeps what a probe does to its shell to that probe', async () => {
    const { results } = await runLocally(
      {
        jobs: [],
        probes: [
          probe('cd /usr; x=1; set -e; umask 000; exit 0'),
          probe('pwd; echo "${x-unset}"; umask; echo "$#"'),
          probe('if then; ('),
          probe('. /nonexistent; echo on'),
          probe('printf() { echo no; }; exec 1>&2'),
          probe('echo still here'),
        ],
      },
      shell,
    )
    expect(results[1]?.stdout).toBe('/\nunset\n0022\n0\n')
    expect(results[2]?.exitCode).not.toBe(0)
    expect(results[2]?.stderr).toMatch(/syntax|unexpected/i)
    expect(results[5]).toEqual({ exitCode: 0, stdout: 'still here\n', stderr: '' })
  })

  it('sets language, PATH and stdin', async () => {
    expect(await runProbe(shell, 'echo "$LC_ALL"; cat; case $PATH in *:/usr/sbin:*) echo ok;; esac')).toMatchObject({
      stdout: 'C\nok\n',
    })
  })

  it('takes output that imitates markers for output', async () => {
    const script = 'printf "\\n0123 end\\n\\nprobe 0 0\\n"; echo "$evcctl_nonce" | tr a-f A-F >/dev/null; echo real'
    expect(await runProbe(shell, script)).toMatchObject({ stdout: '\n0123 end\n\nprobe 0 0\nreal\n' })
  })

  it('gives every character of UTF-8 content exactly, in files and on stdin', async () => {
    const content = `it's "quoted" $HOME \`x\` \\ \\n\n\ttab\r\n${String.fromCodePoint(
      ...Array.from({ length: 0x250 }, (_, i) => i + 1),
    )}日本語 🎉 no newline at the end`
    const path = join(folder, "it's here")
    const replies = await runJobs(
      shell,
      job(
        { write: path, content, mode: 0o640 },
        { run: `cat >'${folder}/stdin'`, stdin: new Secret(content, 'content') },
      ),
    )
    expect(replies[0]?.failure).toBeUndefined()
    expect(await readFile(path, 'utf8')).toBe(content)
    expect(await readFile(join(folder, 'stdin'), 'utf8')).toBe(content)
    expect((await stat(path)).mode & 0o7777).toBe(0o640)
  })

  it('writes large content', async () => {
    const content = 'line of text ü\n'.repeat(60_000)
    await runJobs(shell, job({ write: join(folder, 'large'), content, mode: 0o600 }))
    expect(await readFile(join(folder, 'large'), 'utf8')).toBe(content)
  })

  it('replaces a file atomically and leaves nothing behind on failure', async () => {
    const path = join(folder, 'file')
    await writeFile(path, 'before')
    const replies = await runJobs(
      shell,
      job({ write: path, content: 'after', mode: 0o644, owner: 'no-such-user' }),
      job({ write: join(folder, 'missing', 'file'), content: 'x', mode: 0o644 }),
      job({ write: folder, content: 'x', mode: 0o644 }),
    )
    expect(replies.map(reply => reply.failure?.exitCode)).toEqual([1, expect.any(Number), 1])
    expect(replies[2]?.failure?.stderr).toContain('is a directory')
    expect(await readFile(path, 'utf8')).toBe('before')
    expect(await readdir(folder)).toEqual(['file'])
  })

  it('replaces a link to a folder, and puts nothing into the folder', async () => {
    const aside = join(folder, 'aside')
    await mkdir(aside)
    await symlink(aside, join(folder, 'file'))
    const [reply] = await runJobs(shell, job({ write: join(folder, 'file'), content: 'new', mode: 0o644 }))
    // The mv of busybox refuses this.
    if (shell.includes('/bin/busybox')) expect(reply?.failure?.stderr).toContain('is a directory')
    else expect(await readFile(join(folder, 'file'), 'utf8')).toBe('new')
    expect(await readdir(aside)).toEqual([])
  })

  it('does not follow what lies in the way of the temporary file', async () => {
    const victim = join(folder, 'victim')
    await writeFile(victim, 'mine')
    await symlink(victim, join(folder, '.file.evcctl'))
    await runJobs(shell, job({ write: join(folder, 'file'), content: 'new', mode: 0o4755 }))
    expect(await readFile(victim, 'utf8')).toBe('mine')
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('new')
    expect((await stat(join(folder, 'file'))).mode & 0o7777).toBe(0o4755)
  })

  it('ends a job at its first failing command, and goes on with the others', async () => {
    const replies = await runJobs(
      shell,
      job({ run: 'echo one; false; echo two' }, { run: `touch '${folder}/no'` }),
      job({ run: 'echo "$unset_variable"' }),
      job({ run: 'if then; (' }),
      job({ run: 'exit 42' }),
      job({ run: 'cd /usr; exit 0' }, { run: '[ "$(pwd)" = / ]' }),
      job(
        { run: 'printf early; cat >/dev/null', stdin: 'x'.repeat(200_000) },
        { run: 'true', stdin: 'y'.repeat(200_000) },
      ),
    )
    expect(replies[0]?.failure).toEqual({ step: 0, exitCode: 1, stdout: 'one\n', stderr: '' })
    expect(replies[1]?.failure?.exitCode).not.toBe(0)
    expect(replies[2]?.failure?.stderr).toMatch(/syntax|unexpected/i)
    expect(replies[3]?.failure?.exitCode).toBe(42)
    expect(replies[4]?.verify?.stdout).toBe('verified\n')
    expect(replies[5]?.verify?.stdout).toBe('verified\n')
    expect(await readdir(folder)).toEqual([])
  })

  it('ends a step that runs into its time-out with all that it started', async () => {
    // One child ignores TERM, one has lost its parent, one has left the process group.
    const run = `echo begun
      sh -c 'trap "" TERM; while :; do sleep 0.1; done' & echo "$!" >>pids
      (sleep 300 & echo "$!" >>pids)
      setsid sleep 300 & echo "$!" >>pids
      wait`
    const replies = await runJobs(
      shell,
      job({ run: `cd '${folder}'; ${run}`, timeoutMs: 1000 }, { run: `touch '${folder}/no'` }),
      job({ run: 'echo on' }),
    )
    expect(replies[0]?.failure).toMatchObject({ step: 0, exitCode: 124, stdout: 'begun\n' })
    expect(replies[1]?.verify?.stdout).toBe('verified\n')
    const pids = (await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n').map(Number)
    expect(pids).toHaveLength(3)
    await expectGone(pids)
    expect(await readdir(folder)).toEqual(['pids'])
  }, 60_000)

  it('spares the shell itself, also when a step begins in the same clock tick', async () => {
    const late = { jobs: [job({ run: 'sleep 30', timeoutMs: 1000 }), job({ run: 'true' })], probes: [] }
    const replies = await Promise.all(Array.from({ length: 12 }, () => runLocally(late, shell)))
    expect(replies.map(reply => reply.jobs.map(result => result.failure?.exitCode ?? 0))).toEqual(
      Array(12).fill([124, 0]),
    )
  }, 60_000)

  it('polls until a probe succeeds, and gives the last try when it never does', async () => {
    const until = (script: string, timeoutMs: number): Step => ({
      until: probe<boolean>(`cd '${folder}'; ${script}`),
      what: 'it',
      everyMs: 50,
      timeoutMs,
    })
    const replies = await runJobs(
      shell,
      job(until('echo x >>tries; [ "$(wc -l <tries)" -ge 3 ]', 10_000)),
      job(until('echo y >>never; echo "try $(wc -l <never)"; echo why >&2; exit 7', 1000)),
      job(until('sleep 100', 1000)),
    )
    expect(replies[0]?.verify?.stdout).toBe('verified\n')
    expect(await readFile(join(folder, 'tries'), 'utf8')).toBe('x\nx\nx\n')
    expect(replies[1]?.failure).toMatchObject({ exitCode: 124 })
    expect(replies[1]?.failure?.stdout).toMatch(/^try +\d+\n(try +\d+\n)?$/)
    expect(replies[2]?.failure).toMatchObject({ exitCode: 124, stdout: '' })
  }, 60_000)

  it('leaves no process behind when steps end in time', async () => {
    const seen: number[] = []
    await runLocally({ jobs: Array.from({ length: 10 }, () => job({ run: 'true' })), probes: [] }, shell, {
      onBegin: group => seen.push(group.group),
    })
    expect(seen).toHaveLength(1)
    // A process group exists as long as one of its processes does.
    await expectGone(seen.map(group => -group))
  }, 20_000)

  it('bounds the memory of loud steps and probes', async () => {
    const loud = 'yes "a line of output" | head -c 30000000; yes err | head -c 5000000 >&2; exit 1'
    const [reply] = await runJobs(shell, job({ run: loud }))
    expect(reply?.failure?.stdout).toHaveLength(8192)
    expect(reply?.failure?.stderr).toHaveLength(8192)
    expect(await runProbe(shell, `yes | head -c ${limits.probeBytes + 1}`)).toMatchObject({
      exitCode: probeTooLong,
      stdout: 'y\n'.repeat(512),
    })
  })
})

describe.each(shells.map(shell => ({ shell })))('proxies of the environment, in $shell', ({ shell }) => {
  const show = 'echo "${http_proxy:-none} ${HTTPS_PROXY:-none} ${no_proxy:-none}"'
  const withEnvironment = ['env', 'http_proxy=http://ada:p w@proxy:3128', 'HTTPS_PROXY=http://proxy', ...shell]

  it('count for downloads only, and for nothing that comes after them', async () => {
    const download = `if command -v evcctl_proxies >/dev/null; then evcctl_proxies; fi; ${show}; exit 1`
    const { jobs, results } = await runLocally(
      {
        jobs: [
          { steps: [{ run: `${show}; exit 1` }], verify: probe('true') },
          { steps: [{ run: download }], verify: probe('true') },
        ],
        probes: [probe(show)],
      },
      withEnvironment,
    )
    expect(jobs[0]?.failure?.stdout).toBe('none none none\n')
    expect(jobs[1]?.failure?.stdout).toBe('http://ada:p w@proxy:3128 http://proxy none\n')
    expect(results[0]?.stdout).toBe('none none none\n')
  })

  // kubeadm writes all of them into the manifests of the control plane (cmd/kubeadm/app/util/env.go).
  it('are all variables whose names end like one', async () => {
    const given = ['ftp_proxy=a', 'Http_Proxy=b', 'SOCKS_PROXY=c', '_proxy=d', '1_proxy=e', 'proxy_of=f']
    const names = 'env | sed -n "s/=.*//; /[Pp][Rr][Oo][Xx][Yy]/p" | grep -v "^evcctl_" | sort | tr "\\n" " "'
    const { results } = await runLocally({ jobs: [], probes: [probe(names)] }, ['env', '-i', ...given, ...shell])
    expect(results[0]?.stdout.replace('1_proxy ', '')).toBe('proxy_of ')
  })
})

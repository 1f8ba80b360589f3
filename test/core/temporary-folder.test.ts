import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../src/core/temporary-folder.ts'
import { temporaryFolder as testFolder } from '../cli/run-cli.ts'

test('is gone with what is in it when it is disposed of', async () => {
  let path = ''
  {
    await using folder = await temporaryFolder('test')
    path = folder.path
    writeFileSync(join(path, 'key'), 'secret')
    expect(statSync(path).mode & 0o777).toBe(0o700)
  }
  expect(existsSync(path)).toBe(false)
})

test('is gone when the process exits before that, as after the third ^C', async () => {
  await using around = await testFolder()
  const module = fileURLToPath(new URL('../../src/core/temporary-folder.ts', import.meta.url))
  const script = `import { writeFileSync } from 'node:fs'
const { temporaryFolder } = await import(${JSON.stringify(module)})
const { path } = await temporaryFolder('test')
writeFileSync(path + '/key', 'secret')
console.log(path)
process.exit(130)`
  const options = { encoding: 'utf8', env: { ...process.env, TMPDIR: around.path } } as const
  const shell = `"$0" --experimental-strip-types --no-warnings --input-type=module -e "$1" || [ $? = 130 ]`
  const made = execFileSync('sh', ['-c', shell, process.execPath, script], options).trim()
  expect(made.startsWith(around.path)).toBe(true)
  expect(readdirSync(around.path)).toEqual([])
})

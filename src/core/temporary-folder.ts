import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of this process alone, readable by its owner alone. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Absolute. */
  readonly path: string
}

/**
 * Makes a folder for files that nobody else may find later. It goes with everything in it when it is disposed of, and also when
 * the process exits before that, such as after the third ^C. `name`: a word in its name.
 */
export async function temporaryFolder(name: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `evcctl-${name}-`))
  const options = { recursive: true, force: true }
  const atExit = () => rmSync(path, options)
  process.on('exit', atExit)
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, options)
      process.off('exit', atExit)
    },
  }
}

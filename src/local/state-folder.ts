import { chmod, mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'

/** The files that evcctl keeps for a local cluster. Mode 0700; the private key 0600. */
export interface StateFolder {
  readonly folder: string
  readonly identityFile: string
  readonly publicKeyFile: string
  readonly knownHostsFile: string
}

/** The files in a state folder. Default folder: `${XDG_STATE_HOME:-~/.local/state}/evcctl/local/<cluster>`. Pure. */
export function stateFolder(cluster: string, folder = defaultFolder(cluster)): StateFolder {
  return {
    folder,
    identityFile: join(folder, 'id_ed25519'),
    publicKeyFile: join(folder, 'id_ed25519.pub'),
    knownHostsFile: join(folder, 'known_hosts'),
  }
}

/**
 * Makes the folder with a fresh key pair, and returns the public key as it is written to authorized_keys; undefined if there is a key
 * already. Of several starts of one cluster at a time, only one gets a key.
 */
export async function createState(state: StateFolder, cluster: string): Promise<string | undefined> {
  await mkdir(state.folder, { recursive: true, mode: 0o700 })
  await chmod(state.folder, 0o700)
  const pair = createKeyPair(`evcctl local ${cluster}`)
  try {
    await writeFile(state.identityFile, pair.private, { mode: 0o600, flag: 'wx' })
    await writeFile(state.publicKeyFile, `${pair.public}\n`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    await removeState(state, cluster)
    throw error
  }
  return pair.public
}

/** A new ed25519 key in OpenSSH's format, as texts. */
export function createKeyPair(comment: string): { readonly private: string; readonly public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment })
    // One key in 256 is malformed: ssh2 drops the zero byte at the beginning of its public half.
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair
  }
}

/** Whether the state has this public key: somebody else may have taken it down, and begun again, meanwhile. */
export async function hasKey(state: StateFolder, publicKey: string): Promise<boolean> {
  return (await readFile(state.publicKeyFile, 'utf8').catch(() => '')).trim() === publicKey.trim()
}

/** Removes the files that evcctl wrote. A folder that the caller chose stays when it holds other files. */
export async function removeState(state: StateFolder, cluster: string): Promise<void> {
  if (state.folder === defaultFolder(cluster)) {
    await rm(state.folder, { recursive: true, force: true })
    return
  }
  for (const file of [state.identityFile, state.publicKeyFile, state.knownHostsFile]) await rm(file, { force: true })
  await rmdir(state.folder).catch(() => {})
}

function defaultFolder(cluster: string): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'evcctl', 'local', cluster)
}

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { ContainerRuntimeClient } from 'testcontainers'

/** The part of a container's HostConfig that lets a host run systemd and containers. */
export interface Privileges {
  readonly Privileged?: boolean
  readonly CapAdd?: string[]
  readonly CapDrop?: string[]
  readonly SecurityOpt?: string[]
  readonly DeviceCgroupRules?: string[]
}

const privileged: Privileges = { Privileged: true }

/** For machines where dockerd itself lacks CAP_SYS_RESOURCE: --privileged would ask for it, and fail. */
const allButSysResource: Privileges = {
  CapAdd: ['ALL'],
  CapDrop: ['SYS_RESOURCE'],
  SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
  DeviceCgroupRules: ['a *:* rwm'],
}

/** Finds the privileges that Docker on this machine can grant, with a trial container. Remembers them for each daemon. */
export async function hostPrivileges(client: ContainerRuntimeClient, image: string): Promise<Privileges> {
  const { ID } = await client.container.dockerode.info()
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'evcctl', 'local')
  const file = join(folder, `docker-${String(ID).replaceAll(/[^\w-]/g, '-')}.json`)
  const remembered = await readFile(file, 'utf8').catch(() => undefined)
  if (remembered === '{"privileged":true}\n') return privileged
  if (remembered === '{"privileged":false}\n') return allButSysResource
  const works = await privilegedWorks(client, image)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(file, `${JSON.stringify({ privileged: works })}\n`)
  return works ? privileged : allButSysResource
}

async function privilegedWorks(client: ContainerRuntimeClient, image: string): Promise<boolean> {
  const container = await client.container.create({
    Image: image,
    Cmd: ['/bin/true'],
    HostConfig: { ...privileged, NetworkMode: 'none' },
  })
  try {
    await container.start()
    const { StatusCode } = await container.wait()
    return StatusCode === 0
  } catch {
    return false
  } finally {
    await container.remove({ force: true, v: true })
  }
}

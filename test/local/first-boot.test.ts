import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { entryScript } from '../../src/local/entry-script.ts'
import { firstBootScript } from '../../src/local/first-boot.ts'
import { imageName, imageRecipe } from '../../src/local/recipe.ts'

/** sh reads the script without running it; throws on a syntax error. */
function parsed(script: string): string {
  execFileSync('sh', ['-n'], { input: script, stdio: ['pipe', 'pipe', 'pipe'] })
  return script
}

test('by default a host has a user with the key and sudo without password, and takes no passwords over SSH', () => {
  const script = parsed(firstBootScript({}, 'ssh-ed25519 AAAA me'))
  expect(script).toContain("useradd --create-home --shell /bin/bash 'evcctl'")
  expect(script).toContain("printf '%s\\n' 'ssh-ed25519 AAAA me' >/home/evcctl/.ssh/authorized_keys")
  expect(script).toContain("echo 'evcctl ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/evcctl")
  expect(script).toContain("'PasswordAuthentication no'")
})

test('a host can have root with a password alone, on two ports', () => {
  const script = parsed(firstBootScript({ user: 'root', key: false, password: "it's", sshPorts: [22, 2222] }, 'key'))
  expect(script).not.toMatch(/useradd|authorized_keys|sudoers/)
  expect(script).toContain("'root:it'\\''s' | chpasswd")
  expect(script).toContain("'Port 22' 'Port 2222' 'PasswordAuthentication yes' 'PermitRootLogin yes'")
})

test('the scripts of the image are valid sh', () => {
  parsed(entryScript)
  parsed(imageRecipe('trixie', 'full').setup)
  parsed(imageRecipe('trixie', 'firewalls').setup)
})

test('an image is named after its suite, its variant and its recipe', () => {
  const names = [
    imageName('trixie', 'full'),
    imageName('trixie', 'bare'),
    imageName('bookworm', 'full'),
    imageName('bookworm', 'bare'),
    imageName('trixie', 'firewalls'),
  ]
  expect(new Set(names).size).toBe(5)
  expect(names[0]).toMatch(/^evcctl\/host:trixie-[0-9a-f]{12}$/)
  expect(imageName('trixie', 'full')).toBe(names[0])
})
